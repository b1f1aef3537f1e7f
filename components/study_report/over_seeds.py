"""The mean over seeds with its interval over patients and seeds, and the test that it is 0.

Two things vary, and neither is well described by the other's distribution. The patients, the same
for every seed, are known from many resamples. What each training makes of them, seed noise and
what its own patients add to that, is known from the few seeds alone. So each has a quantile of
Student's t of its own, and the half widths are added in square (Howe 1974, JASA 69:789):

    half width² = t²(resamples - 1) * patients + t²(n - 1) * seeds
    seeds       = variance of the values over seeds / n
    patients    = variance over resamples of the mean over seeds - interaction / n
    interaction = mean over resamples of the variance over seeds of (replicate - value)

The variance of the values holds the interaction of seed and patient once already; it is taken out
of that of the resamples, or it would count twice. But three values may lie close together by
chance, closer than their resamples allow: the half width is at least t(resamples - 1) times the
deviation over resamples of the mean over seeds, which holds patients and interaction.

In simulations with two to five seeds 95% intervals cover 95% to 99%: most, 98.9% with three, where
there is nothing but interaction, and 95% to 98% with half or more of the variance due to seeds. One
t with Satterthwaite's degrees of freedom (1946), themselves estimated from three seeds, covers 92%
where seeds have most of the variance.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import stdtrit

from components.site_evaluator.intervals import estimate
from components.site_evaluator.results import Estimate

FloatArray = npt.NDArray[np.float64]
Bounds = tuple[float, float]

SHARE: Bounds = (0.0, 1.0)
"""The range of an AUC and an accuracy; the metrics of a study are of this kind."""

_LEVEL = 0.05
# Metrics are of about 1: what varies less does not vary, its numbers are rounded.
_ROUNDING = 1e-12
_SMALLEST_LOG_P = -690.0


def of_difference(bounds: Bounds) -> Bounds:
    """Returns the range of the difference of two quantities that have this range."""
    lowest, highest = bounds
    return lowest - highest, highest - lowest


def over_seeds(estimates: Sequence[Estimate], bounds: Bounds) -> Estimate:
    """Returns the mean over seeds with its 95% interval over patients and seeds.

    The interval is NaN where the metric is undefined for a seed, or for one of them in more than
    half of the resamples. With one seed it is over patients alone.

    Args:
        estimates: Of one quantity, one for each seed. Replicate `r` of all of them has drawn the
            same patients.
        bounds: The quantity's range, which no interval leaves.
    """
    replicates = np.mean([single.replicates for single in estimates], axis=0)
    spread = _spread(estimates)
    if spread is None:
        value = float(np.mean([single.value for single in estimates]))
        return Estimate(value, math.nan, math.nan, replicates)
    lower = spread.value - spread.half_width(_LEVEL, spread.reach_below)
    upper = spread.value + spread.half_width(_LEVEL, spread.reach_above)
    return Estimate(spread.value, max(lower, bounds[0]), min(upper, bounds[1]), replicates)


def two_sided_p(differences: Sequence[Estimate]) -> float:
    """Returns the p-value of no difference: one minus the level whose interval just touches 0.

    Args:
        differences: As in `over_seeds`.

    Returns:
        Within 0..1; NaN where the difference has no interval, or varies neither over seeds nor
        over patients.
    """
    spread = _spread(differences)
    if spread is None:
        return math.nan
    distance = abs(spread.value)
    reach = spread.reach_below if spread.value > 0 else spread.reach_above
    if spread.half_width(_LEVEL, reach) <= _ROUNDING:
        return math.nan
    if distance <= _ROUNDING:
        return 1.0

    def beyond(log_p: float) -> float:
        return spread.half_width(math.exp(log_p), reach) - distance

    if beyond(_SMALLEST_LOG_P) <= 0:
        return math.exp(_SMALLEST_LOG_P)
    return math.exp(brentq(beyond, _SMALLEST_LOG_P, 0.0))


@dataclass(frozen=True)
class _Spread:
    """What the mean over seeds varies by.

    Attributes:
        value: The mean.
        resampling: Its variance over resamples of patients.
        patients: That part of it that all seeds share.
        seeds: Its variance over seeds; 0 for one seed.
        resamples: Of patients, in which it is defined.
        count: Of seeds.
        reach_below: How far further, in square, the exact bounds of the single intervals go; mean
            over seeds.
        reach_above: Likewise.
    """

    value: float
    resampling: float
    patients: float
    seeds: float
    resamples: int
    count: int
    reach_below: float
    reach_above: float

    def half_width(self, level: float, reach: float) -> float:
        """Returns the reach of the interval that misses with probability `level`."""
        of_patients = _two_sided_t(level, self.resamples - 1)
        of_seeds = _two_sided_t(level, self.count - 1) if self.count > 1 else 0.0
        exact = reach * of_patients / _two_sided_t(_LEVEL, self.resamples - 1)
        both = math.hypot(of_patients * self.patients**0.5, of_seeds * self.seeds**0.5)
        return math.hypot(max(of_patients * self.resampling**0.5, both), exact)


def _spread(estimates: Sequence[Estimate]) -> _Spread | None:
    """Returns what varies; None where there is no interval."""
    values = np.array([single.value for single in estimates])
    replicates = np.stack([single.replicates for single in estimates])
    plain = estimate(float(values.mean()), replicates.mean(axis=0))
    defined = replicates[:, np.isfinite(replicates).all(axis=0)]
    count, resamples = defined.shape
    if math.isnan(plain.lower) or resamples < 2:
        return None
    resampling = float(defined.mean(axis=0).var(ddof=1))
    patients, seeds = resampling, 0.0
    if count > 1:
        seeds = float(values.var(ddof=1)) / count
        interaction = float((defined - values[:, np.newaxis]).var(axis=0, ddof=1).mean())
        patients = max(0.0, resampling - interaction / count)
    below, above = np.mean([_reach_beyond_replicates(single) for single in estimates], axis=0)
    return _Spread(
        plain.value, resampling, patients, seeds, resamples, count, float(below), float(above)
    )


def _reach_beyond_replicates(single: Estimate) -> tuple[float, float]:
    """Returns by how much, in square, an interval goes below and above that of its replicates.

    A perfect AUC is perfect in every resample; how far the truth may be from it, the evaluation
    adds to the interval. The seeds judge the same patients, so their mean is no surer.
    """
    plain = estimate(single.value, single.replicates)
    below = (single.value - single.lower) ** 2 - (plain.value - plain.lower) ** 2
    above = (single.upper - single.value) ** 2 - (plain.upper - plain.value) ** 2
    return math.sqrt(max(0.0, below)), math.sqrt(max(0.0, above))


def _two_sided_t(level: float, degrees_of_freedom: int) -> float:
    return -float(stdtrit(degrees_of_freedom, level / 2))
