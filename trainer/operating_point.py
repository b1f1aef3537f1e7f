"""The score at and above which a case counts as positive, chosen once on validation."""

import numpy as np
import numpy.typing as npt

RULE = "largest sensitivity + specificity on the validation cases (Youden's J)"

_WITHOUT_CHOICE = 0.5


def youden_operating_point(
    targets: npt.NDArray[np.floating],
    weights: npt.NDArray[np.floating],
    scores: npt.NDArray[np.floating],
) -> npt.NDArray[np.float64]:
    """Chooses, for each class, the score with the largest sensitivity + specificity - 1.

    Candidates are the observed scores; of equally good ones the highest is taken.

    Args:
        targets: [cases, classes]: one-hot, or 1 present and 0 absent.
        weights: [cases, classes]: 0 where the label is unknown.
        scores: [cases, classes]: probabilities.

    Returns:
        float64 [classes]; 0.5 for a class without a positive or without a negative case.
    """
    known = weights > 0
    thresholds = [
        _threshold(targets[known[:, index], index] > 0, scores[known[:, index], index])
        for index in range(targets.shape[1])
    ]
    return np.array(thresholds, np.float64)


def _threshold(positive: npt.NDArray[np.bool_], scores: npt.NDArray[np.floating]) -> float:
    if positive.all() or not positive.any():
        return _WITHOUT_CHOICE
    candidates, group = np.unique(scores, return_inverse=True)
    positives_at = np.bincount(group, weights=positive, minlength=len(candidates))
    negatives_at = np.bincount(group, weights=~positive, minlength=len(candidates))
    # Highest candidate first: the counts are those at and above each.
    true_positives = np.cumsum(positives_at[::-1])
    false_positives = np.cumsum(negatives_at[::-1])
    # Youden's J times positives and negatives: whole numbers, so that ties are exact.
    youden = true_positives * false_positives[-1] - false_positives * true_positives[-1]
    best = int(np.argmax(youden))
    return float(candidates[::-1][best])
