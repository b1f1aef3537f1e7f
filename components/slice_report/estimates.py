"""When a number may be shown, and how the report states it."""

from typing import Any

import numpy as np

from components.site_evaluator import intervals
from components.site_evaluator.results import Estimate

ESTIMATED = "estimated"
TOO_FEW = "too_few"
UNDEFINED = "undefined"
MISSING = "missing"
SAME_SCORES = "same_scores"
"""Of a difference: both models gave every case the same score."""
WITHHELD = "withheld"
"""It rests on a small count, or would give one away."""


def shown(estimate: Estimate, enough: bool) -> dict[str, Any]:
    """Returns an estimate as the report states it: status, value, lower and upper end.

    The numbers are None unless the status is `estimated`; the ends are None too where the
    interval could not be had.
    """
    if not enough:
        return without_number(TOO_FEW)
    if not np.isfinite(estimate.value):
        return without_number(UNDEFINED)
    return {
        "status": ESTIMATED,
        "value": float(estimate.value),
        "lower": _finite(estimate.lower),
        "upper": _finite(estimate.upper),
    }


def without_number(status: str) -> dict[str, Any]:
    """Returns an estimate that carries a reason in place of numbers."""
    return {"status": status, "value": None, "lower": None, "upper": None}


def shown_difference(
    minuend: Estimate, subtrahend: Estimate, first: dict[str, Any], second: dict[str, Any]
) -> dict[str, Any]:
    """Returns `minuend - subtrahend`, if both may be shown (`first` and `second` say so)."""
    return shown_if_both(intervals.paired_difference(minuend, subtrahend), first, second)


def shown_if_both(
    difference: Estimate, first: dict[str, Any], second: dict[str, Any]
) -> dict[str, Any]:
    """Returns a difference as the report states it, if both sides may be shown."""
    for side in (first, second):
        if side["status"] != ESTIMATED:
            return without_number(side["status"])
    return shown(difference, enough=True)


def of_same_scores(difference: dict[str, Any]) -> dict[str, Any]:
    """Returns what stands for a difference of the same scores; one without a number as it is."""
    return without_number(SAME_SCORES) if difference["status"] == ESTIMATED else difference


def is_clear(difference: dict[str, Any]) -> bool:
    """Whether the interval of a difference leaves out 0; without an interval nothing is clear."""
    lower, upper = difference["lower"], difference["upper"]
    return lower is not None and upper is not None and not lower <= 0 <= upper


def negated(difference: dict[str, Any]) -> dict[str, Any]:
    """Returns a difference the other way round."""
    value, lower, upper = (
        None if difference[key] is None else -difference[key] for key in ("value", "upper", "lower")
    )
    return {"status": difference["status"], "value": value, "lower": lower, "upper": upper}


def _finite(number: float) -> float | None:
    return float(number) if np.isfinite(number) else None
