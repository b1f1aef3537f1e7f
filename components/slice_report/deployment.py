"""Counts at the operating point, and predictive values at the prevalence of the place of use."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from components.site_evaluator.results import ClassMetrics, Estimate
from components.slice_report import estimates
from trainer.errors import UserError


def counts_at_operating_point(metrics: ClassMetrics) -> dict[str, int]:
    """Returns the cases of a two-by-two table; rates that are not defined are over no case."""
    true_positives = _share_of(metrics.positives, metrics.sensitivity)
    true_negatives = _share_of(metrics.negatives, metrics.specificity)
    return {
        "true_positives": true_positives,
        "false_positives": metrics.negatives - true_negatives,
        "false_negatives": metrics.positives - true_positives,
        "true_negatives": true_negatives,
    }


def at_prevalence(
    metrics: ClassMetrics, prevalence: float | None, enough: bool
) -> dict[str, Any] | None:
    """Returns PPV and NPV where the condition is as frequent as stated (Bayes' rule).

    Sensitivity and specificity are taken to be the same there. The interval is MOVER's (Zou and
    Donner 2008): what the end of each one's own interval changes, added in square.

    Args:
        metrics: Of a class in a slice.
        prevalence: At the place of use; None if nobody stated it.
        enough: Whether sensitivity and specificity may both be shown.
    """
    if prevalence is None:
        return None
    return {
        "prevalence": prevalence,
        "ppv": estimates.shown(_at_prevalence(_ppv, metrics, prevalence), enough),
        "npv": estimates.shown(_at_prevalence(_npv, metrics, prevalence), enough),
    }


def _at_prevalence(
    value_of: Callable[[float, float, float], float], metrics: ClassMetrics, prevalence: float
) -> Estimate:
    sensitivity, specificity = metrics.sensitivity, metrics.specificity
    value = value_of(sensitivity.value, specificity.value, prevalence)
    lower, upper = (
        math.hypot(
            value - value_of(getattr(sensitivity, end), specificity.value, prevalence),
            value - value_of(sensitivity.value, getattr(specificity, end), prevalence),
        )
        for end in ("lower", "upper")
    )
    return Estimate(value, max(0.0, value - lower), min(1.0, value + upper), np.empty(0))


def _ppv(sensitivity: float, specificity: float, prevalence: float) -> float:
    return _ratio(prevalence * sensitivity, (1 - prevalence) * (1 - specificity))


def _npv(sensitivity: float, specificity: float, prevalence: float) -> float:
    return _ratio((1 - prevalence) * specificity, prevalence * (1 - sensitivity))


def _ratio(right: float, wrong: float) -> float:
    """Returns the right ones' share; NaN where there is neither."""
    return right / (right + wrong) if right + wrong else math.nan


def check_findings(prevalence: Mapping[str, float], classes: tuple[str, ...]) -> None:
    """Checks that every stated prevalence is of a class of the model.

    Raises:
        UserError: One is of something else.
    """
    unknown = sorted(set(prevalence) - set(classes))
    if unknown:
        raise UserError(
            f"report.deployment_prevalence: {', '.join(unknown)} is no class of the model. "
            f"Expected some of {', '.join(classes)}."
        )


def _share_of(cases: int, rate: Estimate) -> int:
    return round(cases * rate.value) if cases else 0
