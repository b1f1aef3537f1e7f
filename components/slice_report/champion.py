"""The candidate against the model that is promoted now, case by case."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from components.absent_model import AbsentModel
from components.promotion_gate.opponent import Opponent, absence, comparable
from components.site_evaluator.results import Estimate, Evaluation, Slice, SliceMetrics
from components.site_evaluator.same_scores import same_scores
from components.site_evaluator.sufficiency import why_too_few
from components.slice_report import estimates
from components.slice_report.card_changes import card_changes
from components.slice_report.reclassification import changes_by_slice
from components.slice_report.same_differences import slice_of_entry
from components.slice_report.settings import ReportSettings, RunFields
from components.slice_report.vocabulary import MAIN_METRICS


def champion_data(
    candidate: Evaluation,
    champion: Opponent | None,
    entries: list[dict[str, Any]],
    settings: ReportSettings,
    run: RunFields,
    lineage: Mapping[str, Any],
) -> dict[str, Any] | None:
    """Returns the champion's card, what differs, main metrics and reclassified cases, or why not.

    Args:
        candidate: Evaluation of the candidate.
        champion: Of the champion on the same cases; None if nobody asked for one.
        entries: Of the slices, see `slice_entries`; subgroups are left out.
        settings: Limits of the report.
        run: Where the candidate comes from.
        lineage: Where the champion comes from; empty if not known.
    """
    if champion is None:
        return None
    other = comparable(candidate, champion, "champion")
    if isinstance(other, AbsentModel):
        return {
            "model": None,
            "absence": other.reason,
            "absence_statement": dataclasses.asdict(absence(other)),
            "changed": [],
            "comparison": [],
            "reclassified": [],
            "renamed": [],
        }
    named = {slice_of_entry(entry): entry for entry in entries if entry["kind"] != "subgroup"}
    both = [key for key in named if key in candidate.slices and key in other.slices]
    return {
        "model": dataclasses.asdict(other.card),
        "absence": None,
        "absence_statement": None,
        "changed": card_changes(candidate.card, run, other.card, lineage),
        "comparison": [
            {
                "slice": named[key]["name"],
                "cases": named[key]["cases"],
                "metric": metric,
                **_compare(metric, candidate, other, key, settings),
            }
            for key in both
            for metric in MAIN_METRICS[candidate.card.task]
        ],
        **changes_by_slice(candidate, other, entries, settings),
    }


def _compare(
    metric: str, candidate: Evaluation, champion: Evaluation, key: Slice, settings: ReportSettings
) -> dict[str, Any]:
    ours, theirs = candidate.slices[key], champion.slices[key]
    first, second = ours.metrics[metric], theirs.metrics[metric]
    shown_first = _shown(first, metric, ours, settings)
    shown_second = _shown(second, metric, theirs, settings)
    difference = estimates.shown_difference(first, second, shown_first, shown_second)
    if same_scores(candidate, champion, key):
        difference = estimates.of_same_scores(difference)
    return {"candidate": shown_first, "champion": shown_second, "difference": difference}


def _shown(
    value: Estimate, metric: str, metrics: SliceMetrics, settings: ReportSettings
) -> dict[str, Any]:
    return estimates.shown(value, why_too_few(metric, metrics, settings.sample_limits) is None)
