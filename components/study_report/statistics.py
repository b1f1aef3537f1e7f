"""The correction of p-values for their number, and where a curve meets a line."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from components.site_evaluator.intervals import QUANTILES, SMALLEST_DEFINED_SHARE

FloatArray = npt.NDArray[np.float64]


def holm(p_values: Sequence[float]) -> list[float]:
    """Returns p-values corrected for their number (Holm 1979); NaN ones stay and do not count."""
    known = sorted((p, index) for index, p in enumerate(p_values) if not math.isnan(p))
    corrected = [math.nan] * len(p_values)
    largest = 0.0
    for rank, (p, index) in enumerate(known):
        largest = max(largest, min(1.0, (len(known) - rank) * p))
        corrected[index] = largest
    return corrected


@dataclass(frozen=True)
class Crossing:
    """Where a label-efficiency curve reaches a value.

    Attributes:
        status: `reached`; `at_smallest`: already at the smallest fraction; `not_reached`.
        fraction: Of the labels, interpolated; None where not reached.
    """

    status: Literal["reached", "at_smallest", "not_reached"]
    fraction: float | None


def first_crossing(fractions: Sequence[float], values: Sequence[float], target: float) -> Crossing:
    """Returns the smallest fraction at which a curve is at or above a value.

    Args:
        fractions: Rising.
        values: At these fractions; straight lines run between them.
        target: The value to reach.
    """
    points = list(zip(fractions, values, strict=True))
    if points and points[0][1] >= target:
        return Crossing("at_smallest", points[0][0])
    for (left, below), (right, above) in itertools.pairwise(points):
        if above >= target:
            share = (target - below) / (above - below)
            return Crossing("reached", left + share * (right - left))
    return Crossing("not_reached", None)


def crossing_interval(
    fractions: Sequence[float], values: FloatArray, targets: FloatArray
) -> tuple[Crossing, Crossing] | None:
    """Returns the 2.5% and 97.5% quantile over resamples of where a curve meets its target.

    A curve that does not reach it in a resample counts as beyond all that do.

    Args:
        fractions: Rising.
        values: float64 [fractions, resamples]; NaN where undefined.
        targets: float64 [resamples], likewise.

    Returns:
        None where more than half of the resamples leave something undefined.
    """
    defined = np.isfinite(values).all(axis=0) & np.isfinite(targets)
    if not defined.any() or defined.mean() < SMALLEST_DEFINED_SHARE:
        return None
    curves = zip(values.T[defined], targets[defined], strict=True)
    crossings = sorted(
        (first_crossing(fractions, list(curve), target) for curve, target in curves),
        key=lambda crossing: math.inf if crossing.fraction is None else crossing.fraction,
    )
    # Between a share and "not reached" there is nothing to interpolate.
    lower, upper = (crossings[math.ceil(q * len(crossings)) - 1] for q in QUANTILES)
    return lower, upper
