"""Estimates with percentile intervals from bootstrap replicates."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from components.site_evaluator.results import Estimate

QUANTILES = (0.025, 0.975)

_SMALLEST_DEFINED_SHARE = 0.5


def estimate(value: float, replicates: npt.NDArray[np.float64]) -> Estimate:
    """Returns a value with its 95% percentile interval.

    The interval is NaN where the value is, and where the metric is undefined in more than half
    of the replicates (a site with one positive, say): what is left would not be a fair sample.

    Args:
        value: The metric on the data as they are.
        replicates: float64 [replicates]; NaN where the metric is undefined.
    """
    defined = replicates[np.isfinite(replicates)]
    if np.isnan(value) or len(defined) < _SMALLEST_DEFINED_SHARE * max(len(replicates), 1):
        return Estimate(float(value), np.nan, np.nan, replicates)
    lower, upper = np.quantile(defined, QUANTILES)
    return Estimate(float(value), float(lower), float(upper), replicates)


def estimate_of_share(value: float, replicates: npt.NDArray[np.float64], trials: int) -> Estimate:
    """Returns a share of cases with its interval, which is not of no width at 0 and 1.

    Where every replicate is 0 or every one is 1 the bootstrap knows nothing of the other end; the
    exact interval of Clopper and Pearson (1934) does: 0.025 ** (1 / trials) to 1, or mirrored.

    Args:
        value: The share.
        replicates: As in `estimate`.
        trials: Cases it is a share of, or patients if these are fewer.
    """
    found = estimate(value, replicates)
    if value not in (0.0, 1.0) or not found.lower == found.upper == value:
        return found
    far = QUANTILES[0] ** (1 / trials)
    if value == 1.0:
        return dataclasses.replace(found, lower=far)
    return dataclasses.replace(found, upper=1.0 - far)


def mean_estimate(estimates: Sequence[Estimate]) -> Estimate:
    """Returns the mean of estimates of one slice, of several classes, with its interval."""
    value = float(np.mean([single.value for single in estimates]))
    return estimate(value, np.mean([single.replicates for single in estimates], axis=0))


def paired_difference(a: Estimate, b: Estimate) -> Estimate:
    """Returns `a - b` with its interval.

    Replicate by replicate both saw the same patients as often, so what two models have in
    common on a hard patient cancels out. Where both are shares of 0 or both of 1 in every resample,
    no resample tells them apart: the interval then reaches as far as the wider of theirs.

    Raises:
        ValueError: The two have different numbers of replicates.
    """
    if len(a.replicates) != len(b.replicates):
        raise ValueError(
            f"Replicates must be equally many. Received: {len(a.replicates)}, {len(b.replicates)}"
        )
    found = estimate(a.value - b.value, a.replicates - b.replicates)
    if not found.lower == found.upper == found.value == 0:
        return found
    reach = max(_reach_beyond_replicates(single) for single in (a, b))
    return dataclasses.replace(found, lower=-reach, upper=reach) if reach else found


def _reach_beyond_replicates(single: Estimate) -> float:
    """Returns the width of an interval whose replicates are all the same; 0 if they are not."""
    defined = single.replicates[np.isfinite(single.replicates)]
    return single.upper - single.lower if np.ptp(defined) == 0 else 0.0
