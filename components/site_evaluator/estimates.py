"""Metrics of one slice from its counts; what is undefined is NaN, never an exception."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from components.site_evaluator.counts import SCORE_ONE, Counts
from components.site_evaluator.intervals import estimate
from components.site_evaluator.results import ClassMetrics, Estimate, SliceMetrics

FloatArray = npt.NDArray[np.float64]


def slice_metrics(counts: Counts, classes: Sequence[str]) -> SliceMetrics:
    """Returns all metrics of a slice.

    Args:
        counts: Sums over the slice's cases.
        classes: Class names in the order of the counts.
    """
    columns = {"mean_auc": _nan_mean(np.stack([area_under_roc(h) for h in counts.histograms]))}
    errors = calibration_error(counts.calibration)
    columns["ece"] = errors[-1] if counts.multi_class else _nan_mean(errors)
    if counts.multi_class:
        diagonal = np.diagonal(counts.confusion).T
        per_true_class = counts.confusion.sum(axis=1)
        columns["accuracy"] = _ratio(diagonal.sum(axis=0), per_true_class.sum(axis=0))
        columns["balanced_accuracy"] = _nan_mean(_ratio(diagonal, per_true_class))
    return SliceMetrics(
        cases=int(counts.cases[0]),
        metrics={name: _estimate(values) for name, values in columns.items()},
        classes={name: class_metrics(counts, index) for index, name in enumerate(classes)},
        confusion=counts.confusion[:, :, 0].astype(np.float64) if counts.multi_class else None,
    )


def class_metrics(counts: Counts, index: int) -> ClassMetrics:
    """Returns the metrics of one class against the rest, or of one finding."""
    histogram = counts.histograms[index]
    negatives, positives = histogram.sum(axis=1, dtype=np.int64)
    false_positives, true_positives = counts.flagged[index]
    false_negatives = positives - true_positives
    true_negatives = negatives - false_positives
    false_positive_rate, true_positive_rate = roc_curve(histogram[:, :, 0])
    cases, cases_positive, scores = counts.calibration[index, :, :, 0]
    return ClassMetrics(
        positives=int(positives[0]),
        negatives=int(negatives[0]),
        auc=_estimate(area_under_roc(histogram)),
        sensitivity=_estimate(_ratio(true_positives, positives)),
        specificity=_estimate(_ratio(true_negatives, negatives)),
        ppv=_estimate(_ratio(true_positives, true_positives + false_positives)),
        npv=_estimate(_ratio(true_negatives, true_negatives + false_negatives)),
        false_positive_rate=false_positive_rate,
        true_positive_rate=true_positive_rate,
        calibration_score=_ratio(scores / SCORE_ONE, cases),
        calibration_rate=_ratio(cases_positive, cases),
        calibration_count=cases.astype(np.float64),
    )


def area_under_roc(histogram: npt.NDArray[np.integer]) -> FloatArray:
    """Returns the share of positive-negative pairs in the right order, a tie counting half.

    Args:
        histogram: [2, bins, columns], cases without and with the class, by rising score.

    Returns:
        float64 [columns]; NaN without positives or without negatives.
    """
    negatives, positives = histogram.astype(np.float64)
    below = np.cumsum(negatives, axis=0) - negatives
    ordered = (positives * (below + 0.5 * negatives)).sum(axis=0)
    return _ratio(ordered, positives.sum(axis=0) * negatives.sum(axis=0))


def roc_curve(histogram: npt.NDArray[np.integer]) -> tuple[FloatArray, FloatArray]:
    """Returns false and true positive rates, float64 [points], from (0, 0) to (1, 1).

    Args:
        histogram: [2, bins], cases without and with the class, by rising score. Empty bins give
            no point.
    """
    strictest_first = histogram[:, histogram.sum(axis=0) > 0][:, ::-1]
    cumulative = np.pad(np.cumsum(strictest_first, axis=1), ((0, 0), (1, 0)))
    false_positive_rate, true_positive_rate = _ratio(cumulative, cumulative[:, -1:])
    return false_positive_rate, true_positive_rate


def calibration_error(calibration: npt.NDArray[np.int64]) -> FloatArray:
    """Returns the expected calibration error (Naeini et al. 2015; Guo et al. 2017).

    Of a finding: mean over cases of |mean probability - share of positives| of the case's bin.
    Multi-class evaluations use the predicted class: its probability against how often it is right.

    Args:
        calibration: int64 [subjects, 3, bins, columns], see `Counts`.

    Returns:
        float64 [subjects, columns]; NaN for a subject without cases.
    """
    cases, positives, scores = np.moveaxis(calibration.astype(np.float64), 1, 0)
    gaps = np.abs(scores / SCORE_ONE - positives)
    return _ratio(gaps.sum(axis=1), cases.sum(axis=1))


def _estimate(columns: FloatArray) -> Estimate:
    return estimate(float(columns[0]), columns[1:])


def _ratio(numerator: npt.NDArray, denominator: npt.NDArray) -> FloatArray:
    numerator, denominator = np.broadcast_arrays(numerator, denominator)
    undefined = np.full(numerator.shape, np.nan)
    return np.divide(numerator, denominator, out=undefined, where=denominator > 0)


def _nan_mean(values: FloatArray) -> FloatArray:
    """Returns the mean over the first axis of what is defined; NaN where nothing is."""
    defined = np.isfinite(values)
    return _ratio(np.where(defined, values, 0.0).sum(axis=0), defined.sum(axis=0))
