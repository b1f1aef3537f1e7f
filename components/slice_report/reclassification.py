"""Cases that the candidate newly finds, misses, marks falsely or clears, against the champion."""

from collections.abc import Mapping, Sequence
from typing import Any

from components.site_evaluator.intervals import net_share, paired_difference
from components.site_evaluator.metric_values import RECLASSIFIED_COUNTS
from components.site_evaluator.results import (
    OPERATING_POINT,
    PREDICTED_CLASS,
    Evaluation,
    Reclassified,
    Slice,
    SliceMetrics,
)
from components.site_evaluator.same_scores import same_scores
from components.site_evaluator.sufficiency import why_too_few, why_too_few_of_class
from components.slice_report import estimates
from components.slice_report.same_differences import slice_of_entry
from components.slice_report.settings import ReportSettings

_NET = {
    "net_found": ("newly_found", "newly_missed", "positives", "sensitivity"),
    "net_cleared": ("newly_cleared", "newly_false_alarm", "negatives", "specificity"),
}
"""What is gained, what is lost, of which cases, and the rate that the net share adds to."""

_RATES_OF = {OPERATING_POINT: "sensitivity", PREDICTED_CLASS: "accuracy"}
"""A rate that is the same where a way of naming a class gives the same answers."""


def changes_by_slice(
    candidate: Evaluation,
    other: Evaluation,
    entries: Sequence[Mapping[str, Any]],
    settings: ReportSettings,
) -> dict[str, list[dict[str, Any]]]:
    """Returns the rows of reclassified and of renamed cases, subgroups left out.

    Args:
        candidate: Evaluation of the candidate.
        other: Of the model before, which holds what the candidate changes.
        entries: Of the slices, see `slice_entries`.
        settings: Limits of the report.
    """
    both = [
        (entry, key, candidate.slices[key], theirs)
        for entry in entries
        if entry["kind"] != "subgroup"
        and (key := slice_of_entry(entry)) in candidate.slices
        and (theirs := other.slices.get(key)) is not None
    ]
    return {
        "reclassified": sorted(
            (
                {"slice": entry["name"], "cases": entry["cases"], **row}
                for entry, key, _, theirs in both
                for row in _said_if_the_same(
                    reclassified_classes(theirs, settings), candidate, other, key
                )
            ),
            key=lambda row: (row["criterion"], candidate.card.classes.index(row["class"])),
        ),
        "renamed": [
            {
                "slice": entry["name"],
                "cases": entry["cases"],
                **(
                    row | {"net": estimates.of_same_scores(row["net"])}
                    if same_scores(candidate, other, key)
                    else row
                ),
            }
            for entry, key, ours, theirs in both
            if (row := renamed_cases(ours, theirs, settings)) is not None
        ],
    }


def _said_if_the_same(
    rows: list[dict[str, Any]], candidate: Evaluation, other: Evaluation, key: Slice
) -> list[dict[str, Any]]:
    """Returns the rows; a net change of the same answers has no number."""
    return [
        row | {net: estimates.of_same_scores(row[net]) for net in _NET}
        if same_scores(candidate, other, key, _RATES_OF[row["criterion"]])
        else row
        for row in rows
    ]


def reclassified_classes(champion: SliceMetrics, settings: ReportSettings) -> list[dict[str, Any]]:
    """Returns a row per way of naming a class and class of a slice.

    Args:
        champion: The champion's metrics, which hold what the candidate changes.
        settings: Limits of the report; counts are always there, a net share only over enough cases.
    """
    return [
        {
            "criterion": criterion,
            "class": name,
            "positives": champion.classes[name].positives,
            "negatives": champion.classes[name].negatives,
            **_changes(name, changes, champion, settings),
        }
        for criterion, by_class in champion.reclassified.items()
        for name, changes in by_class.items()
    ]


def _changes(
    class_name: str, changes: Reclassified, champion: SliceMetrics, settings: ReportSettings
) -> dict[str, Any]:
    counts = champion.classes[class_name]
    limits = settings.sample_limits
    return {
        **{name: getattr(changes, name) for name in RECLASSIFIED_COUNTS},
        **{
            net: estimates.shown(
                net_share(
                    getattr(changes, net),
                    getattr(changes, gained),
                    getattr(changes, lost),
                    getattr(counts, cases),
                    getattr(counts, rate).trials,
                ),
                why_too_few_of_class(rate, class_name, counts, limits) is None,
            )
            for net, (gained, lost, cases, rate) in _NET.items()
        },
    }


def renamed_cases(
    candidate: SliceMetrics, champion: SliceMetrics, settings: ReportSettings
) -> dict[str, Any] | None:
    """Returns how many cases are newly named rightly and wrongly, over all classes.

    Returns:
        None where the models name no single class.
    """
    by_class = champion.reclassified.get(PREDICTED_CLASS)
    if by_class is None:
        return None
    net = paired_difference(candidate.metrics["accuracy"], champion.metrics["accuracy"])
    return {
        "newly_right": sum(changes.newly_found for changes in by_class.values()),
        "newly_wrong": sum(changes.newly_missed for changes in by_class.values()),
        "net": estimates.shown(
            net, why_too_few("accuracy", champion, settings.sample_limits) is None
        ),
    }
