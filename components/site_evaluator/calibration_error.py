"""The expected calibration error with an interval that holds it, and 0 where chance explains it."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from components.site_evaluator.counts import SCORE_ONE
from components.site_evaluator.intervals import QUANTILES, estimate
from components.site_evaluator.results import Estimate

FloatArray = npt.NDArray[np.float64]


def calibration_error(calibration: npt.NDArray[np.int64]) -> Estimate:
    """Returns the expected calibration error (Naeini et al. 2015; Guo et al. 2017).

    Of a finding: mean over cases of |mean probability - share of positives| of the case's bin.
    Multi-class evaluations use the predicted class: its probability against how often it is right.
    The interval is that of `mean_calibration_error`.

    Args:
        calibration: int64 [3, bins, columns], see `Counts.calibration`.

    Returns:
        NaN without cases.
    """
    return mean_calibration_error([calibration])


def mean_calibration_error(calibrations: Sequence[npt.NDArray[np.int64]]) -> Estimate:
    """Returns the mean of several findings' errors, with its interval.

    Chance moves every bin away from its diagonal, so an error is larger than the true one, and
    that of a resample, moved once more, larger still. So the interval is not the resamples' own:

    - Its upper end is theirs less their mean excess over the value, and not below the value.
    - Its lower end is that of the basic bootstrap (Davison and Hinkley 1997, equation 5.6), twice
      the value less their upper quantile, which takes the excess off once for the value and once
      for the resample; between 0 and the value.
    - It is 0 where chance alone makes so large an error: where the value is within the 97.5%
      quantile of the error of resamples whose bins are moved back by the gap of the data.

    Args:
        calibrations: Of each finding, int64 [3, bins, columns], see `Counts.calibration`.

    Returns:
        NaN where a finding has no case, or there is none.
    """
    columns, chance = (
        np.mean([part(one) for one in calibrations], axis=0) for part in (_errors, _chance_errors)
    )
    plain = estimate(float(columns[0]), columns[1:])
    if np.isnan(plain.lower):
        return plain
    value = plain.value
    excess = float(np.nanmean(plain.replicates)) - value
    by_chance = value <= float(np.nanquantile(chance, QUANTILES[1]))
    return Estimate(
        value=value,
        lower=0.0 if by_chance else min(value, max(0.0, 2 * value - plain.upper)),
        upper=max(value, plain.upper - excess),
        replicates=plain.replicates,
    )


def _errors(calibration: npt.NDArray[np.int64]) -> FloatArray:
    """Returns the error of each column; NaN without cases."""
    cases, gaps = _cases_and_gaps(calibration)
    return _ratio(np.abs(gaps).sum(axis=0), cases)


def _chance_errors(calibration: npt.NDArray[np.int64]) -> FloatArray:
    """Returns by replicate what the error would be if no bin had a true gap, [replicates]."""
    cases, gaps = _cases_and_gaps(calibration)
    moved = np.abs(gaps[:, 1:] - gaps[:, :1]).sum(axis=0)
    return _ratio(moved, np.broadcast_to(cases[:1], moved.shape))


def _cases_and_gaps(calibration: npt.NDArray[np.int64]) -> tuple[FloatArray, FloatArray]:
    """Returns the cases [columns], and by bin the sum of scores less the positives [bins, ...]."""
    cases, positives, scores = calibration.astype(np.float64)
    return cases.sum(axis=0), scores / SCORE_ONE - positives


def _ratio(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    undefined = np.full(numerator.shape, np.nan)
    return np.divide(numerator, denominator, out=undefined, where=denominator > 0)
