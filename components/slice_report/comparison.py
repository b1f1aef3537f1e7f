"""Two models of two runs side by side: metrics by slice, and their paired difference."""

import dataclasses
import json
from pathlib import Path
from typing import Any

from components.case_predictor.predictions import SITE
from components.model_question import check_same_question, question_of
from components.site_evaluator.changes_between import changes_between
from components.site_evaluator.paired_predictions import OtherCasesError
from components.site_evaluator.results import OVERALL, Evaluation
from components.slice_report.disclosure.protection import protect_comparison
from components.slice_report.reclassification import changes_by_slice
from components.slice_report.render import render_comparison
from components.slice_report.report_data import ReportInputs
from components.slice_report.same_differences import with_same_scores_said
from components.slice_report.slice_entries import slice_entries
from components.slice_report.vocabulary import MAIN_METRICS

PAGE = "comparison.html"
DATA = "comparison.json"
NAMES = ("A", "B")
FORMAT = 1


def write_comparison(directory: Path, data: dict[str, Any]) -> None:
    """Writes `comparison.html` and `comparison.json`, its numbers.

    Args:
        directory: Made if it does not exist.
        data: Of `comparison_data` or `report_comparison.compared_reports`.
    """
    text = json.dumps(data, ensure_ascii=False, allow_nan=False)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / DATA).write_text(text + "\n", encoding="utf-8")
    (directory / PAGE).write_text(render_comparison(json.loads(text)), encoding="utf-8")


def comparison_data(
    first: ReportInputs,
    second: ReportInputs,
    predictions: tuple[str, str] | None = None,
) -> dict[str, Any]:
    """Returns both models' metrics by slice, and A minus B where both have the slice.

    The keys are described in `schemas/comparison.schema.json`.

    Args:
        first: Of the run called A, whose words and limits are taken.
        second: Of the run called B.
        predictions: Directories of both runs' predictions, from which reclassified cases are
            counted; None counts none.

    Raises:
        UserError: The models answer different questions.
    """
    settings = dataclasses.replace(
        first.settings, suppress_counts_below=_strictest(first, second), error_gallery=0
    )
    ours, theirs = (
        _named(inputs.candidate, name) for inputs, name in zip((first, second), NAMES, strict=True)
    )
    check_same_question("--compare B", question_of(theirs.card), question_of(ours.card))
    entries = with_same_scores_said(slice_entries(ours, theirs, settings), ours, theirs)
    unpaired = why_not_paired(first, second)
    changed = theirs
    # With one seed for both, what changes case by case is paired whatever theirs are.
    if predictions is not None and set(unpaired) <= {"seed"}:
        try:
            changed = _with_changes(theirs, ours, entries, predictions)
        except OtherCasesError:
            unpaired.append("cases")
    data = {
        "format": FORMAT,
        "settings": dataclasses.asdict(settings),
        "task": ours.card.task,
        "classes": list(ours.card.classes),
        "main_metrics": list(MAIN_METRICS[ours.card.task]),
        # The plots know these two roles.
        "models": {
            "candidate": dataclasses.asdict(ours.card),
            "baseline": dataclasses.asdict(theirs.card),
        },
        "runs": {
            name: dataclasses.asdict(inputs.run)
            for name, inputs in zip(NAMES, (first, second), strict=True)
        },
        "unpaired": unpaired,
        "sites_of_b_only": sorted(_sites(theirs) - _sites(ours)),
        "slices": entries,
        **changes_by_slice(ours, changed, entries, settings),
    }
    below = settings.suppress_counts_below
    return protect_comparison(data, below) if below else data


def _sites(evaluation: Evaluation) -> set[str]:
    return {key[0][1] for key in evaluation.slices if len(key) == 1 and key[0][0] == SITE}


def _strictest(first: ReportInputs, second: ReportInputs) -> int:
    return max(run.settings.suppress_counts_below for run in (first, second))


def _with_changes(
    theirs: Evaluation,
    ours: Evaluation,
    entries: list[dict[str, Any]],
    predictions: tuple[str, str],
) -> Evaluation:
    """Adds to B's evaluation what A changes, but for subgroups."""
    shown = {
        tuple(sorted(entry["features"].items()))
        for entry in entries
        if entry["kind"] != "subgroup" and "baseline" in entry["models"]
    }
    keys = [key for key in theirs.slices if key in shown]
    of_a, of_b = predictions
    changes = changes_between(of_b, of_a, keys, ours.card.seed)
    slices = {
        key: dataclasses.replace(metrics, reclassified=changes.get(key, {}))
        for key, metrics in theirs.slices.items()
    }
    return dataclasses.replace(theirs, slices=slices)


def why_not_paired(first: ReportInputs, second: ReportInputs) -> list[str]:
    """Returns what keeps the models from being compared case by case; nothing if nothing does.

    The resamples of two evaluations are the same if data, seed and evaluated cases are.

    Returns:
        Some of `data`, `seed`, `cases`.
    """
    ours, theirs = first.candidate, second.candidate
    differing = {
        "data": first.run.data_fingerprint != second.run.data_fingerprint,
        "seed": ours.card.seed != theirs.card.seed,
        "cases": _counts(ours) != _counts(theirs),
    }
    return [name for name, differs in differing.items() if differs]


def _counts(evaluation: Evaluation) -> dict[str, tuple[int, int]]:
    classes = evaluation.slices[OVERALL].classes
    return {name: (counts.positives, counts.negatives) for name, counts in classes.items()}


def _named(evaluation: Evaluation, name: str) -> Evaluation:
    """Both models may have the same name: each is shown with its run's letter."""
    card = dataclasses.replace(evaluation.card, model_name=f"{name}: {evaluation.card.model_name}")
    return dataclasses.replace(evaluation, card=card)
