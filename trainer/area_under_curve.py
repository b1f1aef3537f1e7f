"""Area under the ROC curve of classes whose labels may be unknown."""

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]


def class_aucs(targets: Floats, weights: Floats, scores: Floats) -> npt.NDArray[np.float64]:
    """Returns each class's area under the ROC curve, exact, ties counted half (Hanley 1982).

    Args:
        targets: [cases, classes], 1 where the case has the class, else 0.
        weights: [cases, classes], 0 where that is unknown: left out; else 1.
        scores: [cases, classes], higher for the class.

    Returns:
        [classes]; NaN for a class without a positive or without a negative case.
    """
    aucs = np.full(targets.shape[1], math.nan)
    for index in range(targets.shape[1]):
        known = weights[:, index] > 0
        aucs[index] = _auc(targets[known, index] > 0, scores[known, index])
    return aucs


def mean_auc(targets: Floats, weights: Floats, scores: Floats) -> float:
    """Returns the mean of `class_aucs` over the classes that have one; NaN if none has."""
    aucs = class_aucs(targets, weights, scores)
    defined = aucs[~np.isnan(aucs)]
    return float(defined.mean()) if defined.size else math.nan


def _auc(positive: npt.NDArray[np.bool_], scores: Floats) -> float:
    positives = int(positive.sum())
    negatives = positive.size - positives
    if not positives or not negatives:
        return math.nan
    _, group, sizes = np.unique(scores, return_inverse=True, return_counts=True)
    last_ranks = np.cumsum(sizes)
    mean_ranks = last_ranks - (sizes - 1) / 2
    rank_sum = mean_ranks[group][positive].sum()
    return float((rank_sum - positives * (positives + 1) / 2) / (positives * negatives))
