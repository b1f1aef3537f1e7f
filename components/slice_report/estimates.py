"""When a number may be shown, and how the report states it."""

from typing import Any

import numpy as np

from components.site_evaluator import intervals
from components.site_evaluator.results import ClassMetrics, Estimate, SliceMetrics
from components.slice_report.settings import ReportSettings

ESTIMATED = "estimated"
TOO_FEW = "too_few"
UNDEFINED = "undefined"
MISSING = "missing"

CLASS_METRICS = ("auc", "sensitivity", "specificity", "ppv", "npv")


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


def enough_for_slice(metric: str, metrics: SliceMetrics, settings: ReportSettings) -> bool:
    """Whether a metric of a whole slice may be shown.

    A mean AUC needs at least one class whose own AUC may be shown: otherwise it would put into a
    number what its parts are too few to say.
    """
    present = [c for c in metrics.classes.values() if c.positives > 0 and c.negatives > 0]
    all_sparse = present and not any(enough_for("auc", counts, settings) for counts in present)
    if metric == "mean_auc" and all_sparse:
        return False
    return metrics.cases >= settings.min_cases


def enough_for(metric: str, counts: ClassMetrics, settings: ReportSettings) -> bool:
    """Whether a metric of one class in one slice may be shown: are its denominators large enough?

    A rate over the cases with (without) the class needs enough positives (negatives); PPV (NPV) as
    many cases that the model marks (leaves unmarked) besides both; AUC needs both.
    """
    positives = counts.positives >= settings.min_positives
    negatives = counts.negatives >= settings.min_negatives
    marked = _marked(counts)
    rule = {
        "auc": positives and negatives,
        "sensitivity": positives,
        "specificity": negatives,
        "ppv": positives and negatives and marked >= settings.min_positives,
        "npv": positives
        and negatives
        and counts.positives + counts.negatives - marked >= settings.min_negatives,
    }
    return rule[metric] and counts.positives + counts.negatives >= settings.min_cases


def _marked(counts: ClassMetrics) -> int:
    """Returns the number of cases at or above the operating point."""
    if counts.positives == 0 or counts.negatives == 0:
        return 0
    missed = (1 - counts.sensitivity.value) * counts.positives
    false_alarms = (1 - counts.specificity.value) * counts.negatives
    return round(counts.positives - missed + false_alarms)


def shown_difference(
    minuend: Estimate, subtrahend: Estimate, first: dict[str, Any], second: dict[str, Any]
) -> dict[str, Any]:
    """Returns `minuend - subtrahend`, if both may be shown (`first` and `second` say so)."""
    for side in (first, second):
        if side["status"] != ESTIMATED:
            return without_number(side["status"])
    return shown(intervals.paired_difference(minuend, subtrahend), enough=True)


def mean(estimates: list[Estimate]) -> Estimate:
    """Returns the mean of metrics of one model and slice, replicate by replicate."""
    value = float(np.mean([estimate.value for estimate in estimates]))
    return intervals.estimate(
        value, np.mean([estimate.replicates for estimate in estimates], axis=0)
    )


def _finite(number: float) -> float | None:
    return float(number) if np.isfinite(number) else None
