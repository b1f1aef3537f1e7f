"""Estimates with their 95% intervals, from bootstrap replicates and what these cannot hold."""

import dataclasses
import functools
import math
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv

from components.site_evaluator.results import Estimate

QUANTILES = (0.025, 0.975)

SMALLEST_DEFINED_SHARE = 0.5
"""Of the resamples: where a metric has a value in fewer, what is left is no fair sample."""
_NORMAL_QUANTILE = 1.959964
_AUC_TOLERANCE = 1e-9


def estimate(value: float, replicates: npt.NDArray[np.float64]) -> Estimate:
    """Returns a value with its 95% percentile interval.

    The interval is NaN where the value is, and where the metric is undefined in more than half
    of the replicates (a site with one positive, say): what is left would not be a fair sample.

    Args:
        value: The metric on the data as they are.
        replicates: float64 [replicates]; NaN where the metric is undefined.
    """
    defined = replicates[np.isfinite(replicates)]
    if np.isnan(value) or len(defined) < SMALLEST_DEFINED_SHARE * max(len(replicates), 1):
        return Estimate(float(value), np.nan, np.nan, replicates)
    lower, upper = np.quantile(defined, QUANTILES)
    return Estimate(float(value), float(lower), float(upper), replicates)


def estimate_of_share(value: float, replicates: npt.NDArray[np.float64], trials: int) -> Estimate:
    """Returns a share of cases with its interval, the wider of two at either end.

    Near 0 and 1 the bootstrap is too sure: where no case errs no resample holds one that does, and
    where one errs a third of them hold none. The other interval is the exact one of Clopper and
    Pearson (1934) for as many independent trials as vary like the resamples (Korn and Graubard
    1998); at 0 and 1, where these do not vary, for `trials`: 0.025 ** (1 / trials) to 1, or
    mirrored.

    Args:
        value: The share.
        replicates: As in `estimate`.
        trials: Independent ones: cases it is a share of, or patients if these are fewer; 0 if
            there is none.
    """
    found = dataclasses.replace(estimate(value, replicates), trials=trials)
    if not trials or np.isnan(found.lower):
        return found
    variance = float(np.nanvar(replicates))
    effective = trials if variance == 0 else value * (1 - value) / variance
    return _at_least(found, *_exact_interval(value, effective))


def estimate_of_auc(
    value: float, replicates: npt.NDArray[np.float64], positives: int, negatives: int
) -> Estimate:
    """Returns an AUC with its interval, which is never surer than that of a perfect one.

    Where all pairs are in order they are in every resample. Newcombe's interval (2006, method 5)
    holds the AUCs whose distance from 1 is within 1.96 of Hanley and McNeil's standard errors
    (1982) at that AUC. Its end bounds that of a lesser AUC too, or one pair in the wrong order
    would pass for better evidence than none. An AUC of 0 mirrors it.

    Args:
        value: The AUC.
        replicates: As in `estimate`.
        positives: Patients with the class, none of whom is among the negatives.
        negatives: Patients without it.
    """
    found = dataclasses.replace(estimate(value, replicates), trials=min(positives, negatives))
    if not found.trials or np.isnan(found.lower):
        return found
    end = _least_auc_of_a_perfect_one(positives, negatives)
    return _at_least(found, end, 1 - end)


@functools.lru_cache(maxsize=4096)
def _least_auc_of_a_perfect_one(positives: int, negatives: int) -> float:
    def beyond(auc: float) -> float:
        of_positives = auc / (2 - auc) - auc**2
        of_negatives = 2 * auc**2 / (1 + auc) - auc**2
        variance = (
            auc * (1 - auc) + (positives - 1) * of_positives + (negatives - 1) * of_negatives
        ) / (positives * negatives)
        return (1 - auc) ** 2 - _NORMAL_QUANTILE**2 * variance

    low, high = 0.0, 1.0
    while high - low > _AUC_TOLERANCE:
        middle = (low + high) / 2
        low, high = (middle, high) if beyond(middle) > 0 else (low, middle)
    return low


def _exact_interval(share: float, trials: float) -> tuple[float, float]:
    """Returns the interval of Clopper and Pearson, of any number of trials above 0."""
    successes, failures = share * trials, (1 - share) * trials
    lower = betaincinv(successes, failures + 1, QUANTILES[0]) if successes else 0.0
    upper = betaincinv(successes + 1, failures, QUANTILES[1]) if failures else 1.0
    return float(lower), float(upper)


def _at_least(found: Estimate, lower: float, upper: float) -> Estimate:
    """Returns an estimate whose interval holds another."""
    return dataclasses.replace(found, lower=min(found.lower, lower), upper=max(found.upper, upper))


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
    """Returns the mean of shares or AUCs of one slice, of several classes, with its interval.

    To either side it reaches further than its replicates by the mean of what its parts do.
    """
    value = float(np.mean([single.value for single in estimates]))
    replicates = np.mean([single.replicates for single in estimates], axis=0)
    found = dataclasses.replace(
        estimate(value, replicates), trials=min(single.trials for single in estimates)
    )
    below, above = np.mean([_reach_beyond_replicates(single) for single in estimates], axis=0)
    return dataclasses.replace(
        found,
        lower=max(0.0, found.lower - float(below)),
        upper=min(1.0, found.upper + float(above)),
    )


def paired_difference(a: Estimate, b: Estimate, same_scores: bool = False) -> Estimate:
    """Returns `a - b` with its interval.

    Replicate by replicate both saw the same patients as often, so what two models have in
    common on a hard patient cancels out. Where a share is 0 or 1 in every resample, the resamples
    do not hold how far it may be from that; its own interval does, and is added in square (Newcombe
    1998, method 10). Where two shares are alike in every resample, they may differ as far as no
    difference in so many patients leaves possible.

    Args:
        a: Of one model or slice.
        b: Of the other, resampled alike.
        same_scores: Whether both are of one metric of the same scores on the same cases. Their
            difference is 0 in any sample, so nothing is added to what the resamples hold.

    Raises:
        ValueError: The two have different numbers of replicates.
    """
    if len(a.replicates) != len(b.replicates):
        raise ValueError(
            f"Replicates must be equally many. Received: {len(a.replicates)}, {len(b.replicates)}"
        )
    found = estimate(a.value - b.value, a.replicates - b.replicates)
    if same_scores:
        return found
    (a_below, a_above), (b_below, b_above) = map(_reach_where_sure, (a, b))
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
    """Returns how far an interval goes below and above the one of its replicates."""
    plain = estimate(single.value, single.replicates)
    if np.isnan(plain.lower):
        return 0.0, 0.0
    return plain.lower - single.lower, single.upper - plain.upper


def _reach_where_sure(single: Estimate) -> tuple[float, float]:
    """Returns how far an interval goes below and above replicates that are all the same; else 0."""
    defined = single.replicates[np.isfinite(single.replicates)]
    if np.isnan(single.lower) or np.ptp(defined) > 0:
        return 0.0, 0.0
    return single.value - single.lower, single.upper - single.value


def _sure_share(trials: int) -> float:
    """Returns the least share of all that so many trials, each a success, leave possible."""
    return float(QUANTILES[0] ** (1 / trials))
