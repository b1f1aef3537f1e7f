"""Slope and intercept of calibration: Cox's logistic recalibration, on histograms of scores."""

import numpy as np
import numpy.typing as npt
from scipy.special import expit
from scipy.special import logit as log_odds

FloatArray = npt.NDArray[np.float64]

LOGIT_LIMIT = 12.0
"""A probability nearer to 0 or 1 than 6e-6 counts as that: the logit of 0 or 1 is infinite."""

_ITERATIONS = 50
# Newton's method squares the error: after a step of 1e-5 it is about 1e-10.
_CONVERGED = 1e-5
_LONGEST_STEP = 4.0
# Replicates are fitted on cells so wide: their spread is far smaller than that of the interval.
_CELL = 0.02
# With more separated replicates than this, the end of a 95% interval would be infinite.
_SEPARATED_SHARE = 0.025


def logits(probability: npt.NDArray[np.floating]) -> FloatArray:
    """Returns log odds, within `LOGIT_LIMIT`."""
    limit = expit(-LOGIT_LIMIT)
    return log_odds(np.clip(probability.astype(np.float64), limit, 1 - limit))


def recalibration(
    logit: FloatArray, histogram: npt.NDArray[np.integer]
) -> tuple[FloatArray, FloatArray]:
    """Fits logit P(class) = intercept + slope * logit(stated probability) by maximum likelihood.

    A perfectly calibrated model has intercept 0 and slope 1; below 1, probabilities lie too close
    to 0 and 1 (Cox 1958; Van Calster et al. 2019). Where the stated probabilities separate
    the cases with the class from those without, no finite slope is the most likely: NaN. If that
    befalls more than 2.5% of the replicates, all of them are NaN, and so is the interval.

    Args:
        logit: [bins], of the stated probability, rising; every bin holds a case.
        histogram: [2, bins, columns], cases without and with the class; column 0 as they are.

    Returns:
        Intercept and slope, float64 [columns] each.
    """
    undefined = _separated(logit, histogram)
    fitted = np.full((2, len(undefined)), np.nan)
    if not undefined[0]:
        fitted[:, :1] = _fit(logit, histogram[:, :, :1], np.zeros((2, 1)))
    # The fit on the data as they are is near that on each replicate.
    start = fitted[:, :1] if np.isfinite(fitted[:, :1]).all() else np.array([[0.0], [1.0]])
    replicates = np.flatnonzero(~undefined[1:]) + 1
    if len(replicates):
        cells = _in_cells(logit, histogram)
        starts = np.repeat(start, len(replicates), axis=1)
        fitted[:, replicates] = _fit(cells[0], cells[1][:, :, replicates], starts)
    if np.isnan(fitted[1, 1:]).sum() > _SEPARATED_SHARE * (len(undefined) - 1):
        fitted[:, 1:] = np.nan
    return fitted[0], fitted[1]


def _in_cells(
    logit: FloatArray, histogram: npt.NDArray[np.integer]
) -> tuple[FloatArray, npt.NDArray[np.integer]]:
    """Returns mean logits and histogram with neighbouring bins of one cell added up."""
    starts = np.flatnonzero(np.diff(np.floor(logit / _CELL), prepend=-np.inf))
    cases = histogram[:, :, 0].sum(axis=0)
    means = np.add.reduceat(logit * cases, starts) / np.add.reduceat(cases, starts)
    return means, np.add.reduceat(histogram, starts, axis=1)


def _separated(logit: FloatArray, histogram: npt.NDArray[np.integer]) -> npt.NDArray[np.bool_]:
    """Whether the two kinds do not overlap (or one is missing), so that no fit is finite."""
    with_negatives, with_positives = histogram > 0
    column = logit[:, np.newaxis]
    lowest, highest = (
        [
            pick(np.where(kind, column, edge), axis=0, initial=edge)
            for kind in (with_negatives, with_positives)
        ]
        for pick, edge in ((np.min, np.inf), (np.max, -np.inf))
    )
    return (highest[0] <= lowest[1]) | (highest[1] <= lowest[0])


def _fit(logit: FloatArray, histogram: npt.NDArray[np.integer], start: FloatArray) -> FloatArray:
    """Returns intercept and slope by Newton's method, [2, columns]; NaN where it did not settle."""
    negatives, positives = histogram.astype(np.float64)
    total = negatives + positives
    moments = np.stack([np.ones_like(logit), logit, logit**2])
    target = moments[:2] @ positives
    fitted = start.copy()
    step = np.full_like(fitted, np.inf)
    for _ in range(_ITERATIONS):
        expected = total * expit(fitted[0] + logit[:, np.newaxis] * fitted[1])
        gradient = target - moments[:2] @ expected
        expected *= 1 - expected / np.maximum(total, 1)
        weight, first, second = moments @ expected
        determinant = np.maximum(weight * second - first**2, np.finfo(np.float64).tiny)
        step = (
            np.stack(
                [
                    second * gradient[0] - first * gradient[1],
                    weight * gradient[1] - first * gradient[0],
                ]
            )
            / determinant
        )
        step = np.clip(step, -_LONGEST_STEP, _LONGEST_STEP)
        fitted += step
        if np.abs(step).max(initial=0.0) < _CONVERGED:
            break
    return np.where(np.abs(step).max(axis=0, initial=0.0) < _CONVERGED, fitted, np.nan)
