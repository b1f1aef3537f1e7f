"""Differences of two models that gave the same scores: said as such, without a number."""

from collections.abc import Mapping, Sequence
from typing import Any

from components.site_evaluator.results import Evaluation, Slice
from components.site_evaluator.same_scores import same_scores
from components.slice_report.estimates import of_same_scores


def slice_of_entry(entry: Mapping[str, Any]) -> Slice:
    """Returns the slice that an entry of the report is about."""
    return tuple(sorted(entry["features"].items()))


def with_same_scores_said(
    entries: Sequence[dict[str, Any]], first: Evaluation, second: Evaluation | None
) -> list[dict[str, Any]]:
    """Returns the entries; where both models scored alike, no difference has a number.

    Args:
        entries: Of the slices, see `slice_entries`.
        first: Of the one model.
        second: Of the other; None without one.
    """
    return [
        entry
        if second is None
        or not entry["differences"]
        or not same_scores(first, second, slice_of_entry(entry))
        else entry
        | {
            "differences": {
                metric: of_same_scores(difference)
                for metric, difference in entry["differences"].items()
            }
        }
        for entry in entries
    ]
