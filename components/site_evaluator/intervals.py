"""Estimates with percentile intervals from bootstrap replicates."""

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


def paired_difference(a: Estimate, b: Estimate) -> Estimate:
    """Returns `a - b` with its interval.

    Replicate by replicate both saw the same patients as often, so what two models have in
    common on a hard patient cancels out.

    Raises:
        ValueError: The two have different numbers of replicates.
    """
    if len(a.replicates) != len(b.replicates):
        raise ValueError(
            f"Replicates must be equally many. Received: {len(a.replicates)}, {len(b.replicates)}"
        )
    return estimate(a.value - b.value, a.replicates - b.replicates)
