"""Intervals over seeds and patients, tests of differences, and where a curve meets a line."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from components.site_evaluator.intervals import estimate
from components.site_evaluator.results import Estimate

FloatArray = npt.NDArray[np.float64]

SEED_DRAWS = 50
"""Draws of seeds for each resample of patients."""


def over_seeds(estimates: Sequence[Estimate]) -> Estimate:
    """Returns the mean over seeds with its 95% interval over patients and seeds.

    Args:
        estimates: Of one quantity, one for each seed. Replicate `r` of all of them has drawn the
            same patients.
    """
    replicates = np.stack([single.replicates for single in estimates])
    value = float(np.mean([single.value for single in estimates]))
    return estimate(value, nested_replicates(replicates))


def nested_replicates(replicates: FloatArray) -> FloatArray:
    """Resamples patients and, within each resample of patients, seeds.

    The mean of n seeds drawn with replacement varies too little, by (n - 1) / n: its deviation
    from the mean of all is widened to make up for it. One seed has no spread to draw from.

    Args:
        replicates: float64 [seeds, patient resamples]; NaN where the metric is undefined.

    Returns:
        float64 [patient resamples x draws], or [patient resamples] for one seed.
    """
    seeds, resamples = replicates.shape
    means = replicates.mean(axis=0)
    if seeds == 1:
        return means
    drawn = np.random.default_rng(0).integers(seeds, size=(resamples, SEED_DRAWS, seeds))
    of_drawn = np.take_along_axis(replicates.T[:, np.newaxis, :], drawn, axis=2).mean(axis=2)
    widened = math.sqrt(seeds / (seeds - 1)) * (of_drawn - means[:, np.newaxis])
    return (means[:, np.newaxis] + widened).ravel()


def two_sided_p(difference: Estimate) -> float:
    """Returns the p-value of no difference, from the deviation of its replicates.

    Counting replicates beyond 0 cannot give less than about 1 / 100 with 200 resamples of patients,
    too coarse to correct for many comparisons; so the normal distribution gives the tail.

    Returns:
        Within 0..1; NaN where the difference has no interval.
    """
    if math.isnan(difference.lower):
        return math.nan
    deviation = float(np.nanstd(difference.replicates, ddof=1))
    if deviation == 0:
        return math.nan
    return math.erfc(abs(difference.value) / deviation / math.sqrt(2))


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
