"""Metrics of one slice from its counts; what is undefined is NaN, never an exception."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from components.site_evaluator.calibration_error import (
    calibration_error,
    mean_calibration_error,
)
from components.site_evaluator.counts import SCORE_ONE, TOP, Counts
from components.site_evaluator.intervals import (
    estimate,
    estimate_of_auc,
    estimate_of_share,
    mean_estimate,
)
from components.site_evaluator.recalibration import recalibration
from components.site_evaluator.resampling import REPLICATES
from components.site_evaluator.results import ClassMetrics, Estimate, SliceMetrics
from components.site_evaluator.sufficiency import SampleLimits

FloatArray = npt.NDArray[np.float64]


def slice_metrics(counts: Counts, classes: Sequence[str], limits: SampleLimits) -> SliceMetrics:
    """Returns all metrics of a slice.

    A mean over classes is over those with enough cases in the slice, the same in every resample. A
    class of one case would count as much as one of a thousand, though chance decides its AUC, and
    a resample without that case would average other classes than the next one.

    Args:
        counts: Sums over the slice's cases.
        classes: Class names in the order of the counts.
        limits: What is enough.
    """
    of_classes = {name: _class_metrics(counts, index) for index, name in enumerate(classes)}
    of_both = [single for single in of_classes.values() if limits.enough_of_both(single)]
    cases, patients = int(counts.cases[0]), counts.patients.count()
    metrics = {
        "mean_auc": _mean([single.auc for single in of_both]),
        "mean_average_precision": _mean([single.average_precision for single in of_both]),
    }
    if counts.multi_class:
        diagonal = np.diagonal(counts.confusion).T
        metrics["log_loss"] = _estimate(_ratio(counts.losses[0] / SCORE_ONE, counts.cases))
        metrics["ece"] = calibration_error(counts.confidence)
        metrics["accuracy"] = _share(diagonal.sum(axis=0), counts.cases, min(cases, patients))
        metrics["balanced_accuracy"] = _mean(
            [
                _share(
                    diagonal[index], counts.confusion[index].sum(axis=0), single.sensitivity.trials
                )
                for index, single in enumerate(of_classes.values())
                if limits.enough_positives(single)
            ]
        )
    else:
        enough = [limits.enough_known(single) for single in of_classes.values()]
        metrics["log_loss"] = _estimate(_mean_log_loss(counts, enough))
        metrics["ece"] = _mean_calibration_error(counts, enough)
    if counts.multi_class and len(classes) > TOP:
        metrics["top_3_accuracy"] = _share(counts.top, counts.cases, min(cases, patients))
    return SliceMetrics(
        cases=cases,
        patients=patients,
        metrics=metrics,
        classes=of_classes,
        confusion=counts.confusion[:, :, 0].astype(np.float64) if counts.multi_class else None,
    )


def _class_columns(counts: Counts, index: int) -> dict[str, FloatArray]:
    """Returns the metrics of one class against the rest, or of one finding, each [columns]."""
    histogram = counts.histograms[index]
    # A bin that no case fell into is empty in every replicate.
    holds_cases = histogram[:, :, 0].any(axis=0)
    filled = histogram[:, holds_cases]
    mean_logits = counts.logits[index][holds_cases] / SCORE_ONE / filled[:, :, 0].sum(axis=0)
    intercept, slope = recalibration(mean_logits, filled)
    negatives, positives = histogram.sum(axis=1, dtype=np.int64)
    false_positives, true_positives = counts.positives_from(index, counts.thresholds[index])
    false_negatives = positives - true_positives
    true_negatives = negatives - false_positives
    return {
        "auc": area_under_roc(filled),
        "sensitivity": _ratio(true_positives, positives),
        "specificity": _ratio(true_negatives, negatives),
        "ppv": _ratio(true_positives, true_positives + false_positives),
        "npv": _ratio(true_negatives, true_negatives + false_negatives),
        "average_precision": average_precision(filled),
        "brier": _ratio(counts.squared_errors[index] / SCORE_ONE, positives + negatives),
        "calibration_in_the_large": _calibration_in_the_large(counts.calibration(index)),
        "calibration_slope": slope,
        "calibration_intercept": intercept,
    }


def _class_metrics(counts: Counts, index: int) -> ClassMetrics:
    columns = _class_columns(counts, index)
    positives, negatives = _positives_and_negatives(counts, index)
    false_positive_rate, true_positive_rate, roc_threshold = roc_curve(
        counts.histograms[index][:, :, 0], counts.edges[index]
    )
    cases, cases_positive, scores = counts.calibration(index)[:, :, 0]
    marked = sum(int(n[0]) for n in counts.positives_from(index, counts.thresholds[index]))
    negative_patients, positive_patients, marked_patients, unmarked_patients = (
        kind.count() for kind in counts.class_patients[index]
    )
    trials = {
        "sensitivity": min(positives, positive_patients),
        "specificity": min(negatives, negative_patients),
        "ppv": min(marked, marked_patients),
        "npv": min(positives + negatives - marked, unmarked_patients),
    }
    shares = {
        name: estimate_of_share(float(columns[name][0]), columns[name][1:], trials[name])
        for name in trials
    }
    auc = estimate_of_auc(
        float(columns["auc"][0]),
        columns["auc"][1:],
        *_separate_patients(trials["sensitivity"], trials["specificity"], counts.patients.count()),
    )
    others = {name: _estimate(columns[name]) for name in columns if name not in (*trials, "auc")}
    return ClassMetrics(
        positives=positives,
        negatives=negatives,
        positive_patients=positive_patients,
        negative_patients=negative_patients,
        marked_patients=marked_patients,
        unmarked_patients=unmarked_patients,
        auc=auc,
        ece=calibration_error(counts.calibration(index)),
        **shares,
        **others,
        false_positive_rate=false_positive_rate,
        true_positive_rate=true_positive_rate,
        roc_threshold=roc_threshold,
        calibration_score=_ratio(scores / SCORE_ONE, cases),
        calibration_rate=_ratio(cases_positive, cases),
        calibration_count=cases.astype(np.float64),
    )


def _separate_patients(positives: int, negatives: int, patients: int) -> tuple[int, int]:
    """Returns patients with and without a class; one with both kinds of cases is half of each."""
    both = positives + negatives
    if both <= patients:
        return positives, negatives
    return positives * patients // both, negatives * patients // both


def _positives_and_negatives(counts: Counts, index: int) -> tuple[int, int]:
    negatives, positives = counts.histograms[index][:, :, 0].sum(axis=1)
    return int(positives), int(negatives)


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


def average_precision(histogram: npt.NDArray[np.integer]) -> FloatArray:
    """Returns the precision at each threshold, weighted by the recall that it adds.

    No interpolation, as Davis and Goadrich (2006) advise: the sum of
    (recall[i] - recall[i - 1]) * precision[i] over falling thresholds.

    Args:
        histogram: [2, bins, columns], cases without and with the class, by rising score.

    Returns:
        float64 [columns]; NaN without positives.
    """
    strictest_first = histogram[:, ::-1].astype(np.float64)
    positives = strictest_first[1]
    false_positives, true_positives = np.cumsum(strictest_first, axis=1)
    flagged = np.maximum(false_positives + true_positives, 1)
    return _ratio((positives * true_positives / flagged).sum(axis=0), positives.sum(axis=0))


def roc_curve(
    histogram: npt.NDArray[np.integer], edges: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Returns false and true positive rates and thresholds, from (0, 0) to (1, 1).

    At a point, the cases that score its threshold or more are the marked ones; the first point
    marks none and has the threshold infinity.

    Args:
        histogram: [2, bins], cases without and with the class, by rising score. Empty bins give
            no point.
        edges: [bins - 1], inner edges of the bins.

    Returns:
        Three float64 [points].
    """
    filled = histogram.sum(axis=0) > 0
    strictest_first = histogram[:, filled][:, ::-1]
    cumulative = np.pad(np.cumsum(strictest_first, axis=1), ((0, 0), (1, 0)))
    false_positive_rate, true_positive_rate = _ratio(cumulative, cumulative[:, -1:])
    lower_edges = np.append(0.0, edges)[filled]
    return false_positive_rate, true_positive_rate, np.append(np.inf, lower_edges[::-1])


def _calibration_in_the_large(calibration: npt.NDArray[np.int64]) -> FloatArray:
    """Returns the share of positives minus the mean probability, float64 [columns].

    Args:
        calibration: int64 [3, bins, columns], see `Counts.calibration`.
    """
    cases, positives, scores = calibration.sum(axis=1)
    return _ratio(positives - scores / SCORE_ONE, cases)


def _mean_calibration_error(counts: Counts, chosen: Sequence[bool]) -> Estimate:
    """Returns the mean over the chosen findings; NaN where none is."""
    calibrations = [counts.calibration(index) for index in np.flatnonzero(chosen)]
    return mean_calibration_error(calibrations) if calibrations else _mean([])


def _mean_log_loss(counts: Counts, chosen: Sequence[bool]) -> FloatArray:
    """Returns the mean over findings of each one's mean negative log likelihood.

    Args:
        counts: Multi-label.
        chosen: Which findings are in the mean.

    Returns:
        float64 [columns], nats; NaN where a finding has no case, or none is chosen.
    """
    known = np.stack([histogram.sum(axis=(0, 1)) for histogram in counts.histograms])
    of_findings = _ratio(counts.losses / SCORE_ONE, known)[np.asarray(chosen)]
    if not len(of_findings):
        return np.full(of_findings.shape[1:], np.nan)
    return of_findings.mean(axis=0)


def _estimate(columns: FloatArray) -> Estimate:
    """Returns the first column with the interval of the others."""
    return estimate(float(columns[0]), columns[1:])


def _share(numerator: npt.NDArray, denominator: npt.NDArray, trials: int) -> Estimate:
    columns = _ratio(numerator, denominator)
    return estimate_of_share(float(columns[0]), columns[1:], trials)


def _mean(averaged: Sequence[Estimate]) -> Estimate:
    """Returns the mean over classes; NaN where there is none."""
    if not averaged:
        return estimate(np.nan, np.full(REPLICATES, np.nan))
    return mean_estimate(averaged)


def _ratio(numerator: npt.NDArray, denominator: npt.NDArray) -> FloatArray:
    numerator, denominator = np.broadcast_arrays(numerator, denominator)
    undefined = np.full(numerator.shape, np.nan)
    return np.divide(numerator, denominator, out=undefined, where=denominator > 0)
