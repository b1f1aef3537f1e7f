"""Whether two models gave the cases of a slice the same scores, as far as their sums tell."""

import numpy as np

from components.site_evaluator.results import ClassMetrics, Evaluation, Slice

_AT_THE_THRESHOLD = ("sensitivity", "specificity", "ppv", "npv")


def same_scores(first: Evaluation, second: Evaluation, key: Slice, metric: str = "") -> bool:
    """Returns whether a metric of two models must be the same: each case has one score in both.

    The scores are taken for the same where, for every class, the ROC curves agree point by point
    and threshold by threshold, and so do the sums of squared errors, of the slice and of each
    resample: each weighs the patients anew, so that other scores would have to agree by chance in
    hundreds of sums.

    Args:
        first: One model's evaluation.
        second: The other's, resampled alike.
        key: A slice of both.
        metric: What is compared, perhaps with its class: `sensitivity:edema`. One at the operating
            point is the same only if the thresholds are, too.
    """
    at_threshold = metric.partition(":")[0] in _AT_THE_THRESHOLD
    if at_threshold and first.card.operating_point != second.card.operating_point:
        return False
    ours, theirs = (evaluation.slices[key].classes for evaluation in (first, second))
    return ours.keys() == theirs.keys() and all(_same(ours[name], theirs[name]) for name in ours)


def _same(ours: ClassMetrics, theirs: ClassMetrics) -> bool:
    pairs = [
        (getattr(ours, name), getattr(theirs, name))
        for name in ("true_positive_rate", "false_positive_rate", "roc_threshold")
    ]
    pairs += [
        (ours.brier.replicates, theirs.brier.replicates),
        (ours.brier.value, theirs.brier.value),
    ]
    return all(np.array_equal(one, other, equal_nan=True) for one, other in pairs)
