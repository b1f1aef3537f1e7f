"""Estimates with percentile intervals from bootstrap replicates."""

import dataclasses
import math
from collections.abc import Iterable, Sequence

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
    """Returns a share with its interval, which is not of no width at 0 and 1.

    Where every replicate is 0 or every one is 1 the bootstrap knows nothing of the other end; the
    exact interval of Clopper and Pearson (1934) does: 0.025 ** (1 / trials) to 1, or mirrored.

    An AUC is a share of pairs of a case with the class and one without. Were it `a`, no two of so
    many disjoint pairs of patients would share a patient, and all be in order with probability
    a ** pairs: at 1 the same end is the exact bound, if `trials` counts disjoint pairs. Of a mean
    of shares the fewest trials among them bound it.

    Args:
        value: The share.
        replicates: As in `estimate`.
        trials: Independent ones: cases it is a share of, or patients if these are fewer; 0 if
            there is none.
    """
    found = dataclasses.replace(estimate(value, replicates), trials=trials)
    if not trials or value not in (0.0, 1.0) or not found.lower == found.upper == value:
        return found
    far = _sure_share(trials)
    if value == 1.0:
        return dataclasses.replace(found, lower=far)
    return dataclasses.replace(found, upper=1.0 - far)


def net_share(found: Estimate, gained: int, lost: int, cases: int, trials: int) -> Estimate:
    """Returns a share gained less a share lost, of the same cases, with its interval.

    Where nothing was lost, no resample holds a loss; the exact interval of none in so many patients
    does, and is added in square (Newcombe 1998, method 10). So for nothing gained, and for all.

    Args:
        found: The net share with the interval of its replicates.
        gained: Cases.
        lost: Cases.
        cases: Of which these are.
        trials: Cases, or patients if these are fewer.
    """
    if not trials:
        return found
    reach = 1 - _sure_share(trials)
    below = (reach for count, end in ((lost, 0), (gained, cases)) if count == end)
    above = (reach for count, end in ((gained, 0), (lost, cases)) if count == end)
    return _widened(found, below, above)


def mean_estimate(estimates: Sequence[Estimate]) -> Estimate:
    """Returns the mean of estimates of one slice, of several classes, with its interval."""
    value = float(np.mean([single.value for single in estimates]))
    replicates = np.mean([single.replicates for single in estimates], axis=0)
    return estimate_of_share(value, replicates, min(single.trials for single in estimates))


def paired_difference(a: Estimate, b: Estimate) -> Estimate:
    """Returns `a - b` with its interval.

    Replicate by replicate both saw the same patients as often, so what two models have in
    common on a hard patient cancels out. Where a share is 0 or 1 in every resample, the resamples
    do not hold how far it may be from that; its own interval does, and is added in square (Newcombe
    1998, method 10). Where two shares are alike in every resample, they may differ as far as no
    difference in so many patients leaves possible.

    Raises:
        ValueError: The two have different numbers of replicates.
    """
    if len(a.replicates) != len(b.replicates):
        raise ValueError(
            f"Replicates must be equally many. Received: {len(a.replicates)}, {len(b.replicates)}"
        )
    found = estimate(a.value - b.value, a.replicates - b.replicates)
    (a_below, a_above), (b_below, b_above) = map(_reach_beyond_replicates, (a, b))
    widened = _widened(found, (a_below, b_above), (a_above, b_below))
    trials = min(a.trials, b.trials)
    if trials and widened.lower == widened.upper == 0:
        reach = 1 - _sure_share(trials)
        return dataclasses.replace(widened, lower=-reach, upper=reach)
    return widened


def _widened(found: Estimate, below: Iterable[float], above: Iterable[float]) -> Estimate:
    """Returns an estimate whose interval reaches further, added in square."""
    return dataclasses.replace(
        found,
        lower=found.value - math.hypot(found.value - found.lower, *below),
        upper=found.value + math.hypot(found.upper - found.value, *above),
    )


def _reach_beyond_replicates(single: Estimate) -> tuple[float, float]:
    """Returns how far an interval goes below and above replicates that are all the same; else 0."""
    defined = single.replicates[np.isfinite(single.replicates)]
    if np.isnan(single.lower) or np.ptp(defined) > 0:
        return 0.0, 0.0
    return single.value - single.lower, single.upper - single.value


def _sure_share(trials: int) -> float:
    """Returns the least share of all that so many trials, each a success, leave possible."""
    return float(QUANTILES[0] ** (1 / trials))
