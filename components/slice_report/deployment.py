"""Counts at the operating point, and predictive values at the prevalence of the place of use."""

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from components.site_evaluator.intervals import estimate
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

    Sensitivity and specificity are taken to be the same there; their replicates give the interval.
    A rate of 0 or 1 in every resample has an exact end (`estimate_of_share`); what that end would
    do to PPV and NPV is added in square, as MOVER adds the limits of two rates (Zou, Donner 2008).

    Args:
        metrics: Of a class in a slice.
        prevalence: At the place of use; None if nobody stated it.
        enough: Whether sensitivity and specificity may both be shown.
    """
    if prevalence is None:
        return None
    values = [
        _predictive_values(sensitivity, specificity, prevalence)
        for sensitivity, specificity in (
            (metrics.sensitivity.value, metrics.specificity.value),
            (metrics.sensitivity.replicates, metrics.specificity.replicates),
        )
    ]
    found = {
        name: estimate(float(values[0][index]), np.asarray(values[1][index]))
        for index, name in enumerate(("ppv", "npv"))
    }
    at_ends = list(_at_exact_ends(metrics, prevalence))
    return {
        "prevalence": prevalence,
        **{
            name: estimates.shown(_widened(value, [end[index] for end in at_ends]), enough)
            for index, (name, value) in enumerate(found.items())
        },
    }


def _at_exact_ends(metrics: ClassMetrics, prevalence: float) -> Iterator[tuple[float, float]]:
    """Yields PPV and NPV at the far end of each rate that no resample moves."""
    sensitivity, specificity = metrics.sensitivity, metrics.specificity
    for rate in (sensitivity, specificity):
        if rate.value not in (0.0, 1.0) or rate.lower == rate.upper:
            continue
        far = rate.lower if rate.value == 1.0 else rate.upper
        if not np.all(rate.replicates == rate.value):
            continue
        pair = (far, specificity.value) if rate is sensitivity else (sensitivity.value, far)
        ppv, npv = _predictive_values(*pair, prevalence)
        yield float(ppv), float(npv)


def _widened(found: Estimate, ends: Sequence[float]) -> Estimate:
    """Adds what the ends are away from a value, in square, on the side on which each lies."""
    known = [end for end in ends if not math.isnan(end)]
    below = [found.value - found.lower, *(found.value - end for end in known if end < found.value)]
    above = [found.upper - found.value, *(end - found.value for end in known if end > found.value)]
    return dataclasses.replace(
        found,
        lower=max(0.0, found.value - math.hypot(*below)),
        upper=min(1.0, found.value + math.hypot(*above)),
    )


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


def _predictive_values(
    sensitivity: float | npt.NDArray[np.float64],
    specificity: float | npt.NDArray[np.float64],
    prevalence: float,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    true_positives = np.multiply(prevalence, sensitivity)
    false_positives = (1 - prevalence) * np.subtract(1, specificity)
    true_negatives = np.multiply(1 - prevalence, specificity)
    false_negatives = prevalence * np.subtract(1, sensitivity)
    with np.errstate(invalid="ignore"):
        return (
            true_positives / (true_positives + false_positives),
            true_negatives / (true_negatives + false_negatives),
        )
