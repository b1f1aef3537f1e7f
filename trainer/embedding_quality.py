"""How good embeddings are: the measures of one reading of an encoder."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from schemas.case_features import Task
from trainer.alignment_uniformity import alignment, uniformity
from trainer.area_under_curve import mean_auc
from trainer.linear_probe import fit_linear_probe
from trainer.nearest_neighbours import neighbour_votes

NEIGHBOURS = 20
PENALTY_PER_FEATURE = 1.0
"""Of the linear probe: the sum of n squared standardised features grows with n, and the penalty
with it, so that short and long embeddings are held back alike."""

Floats = npt.NDArray[np.floating]


@dataclass(frozen=True)
class LabelledFeatures:
    """Embedded cases with their labels.

    Attributes:
        features: [cases, d].
        targets: [cases, classes]: one-hot, or 1 present and 0 absent.
        weights: [cases, classes]: 1 known, 0 unknown.
    """

    features: Floats
    targets: Floats
    weights: Floats


@dataclass(frozen=True)
class PairQuality:
    """What pairs of views tell.

    Attributes:
        alignment: Of the two views of a pair; 0 is closest.
        uniformity: Mean of that of the first and of the second views; 0 is collapsed.
    """

    alignment: float
    uniformity: float


@dataclass(frozen=True)
class LabelQuality:
    """What labels tell; NaN where a measure is not of the task, or cannot be had.

    Attributes:
        knn_accuracy: Multi-class: share of validation cases whose strongest vote is right.
        knn_auc: Multi-label: mean AUC of the votes.
        probe_accuracy: Multi-class: share of validation cases that the linear probe has right.
        probe_auc: Mean AUC of the linear probe over classes or findings.
    """

    knn_accuracy: float
    knn_auc: float
    probe_accuracy: float
    probe_auc: float


def pair_quality(first: Floats, second: Floats) -> PairQuality:
    """Measures the embedded views of pairs, [pairs, d] each, at least two pairs."""
    return PairQuality(
        alignment(first, second), float(np.mean([uniformity(first), uniformity(second)]))
    )


def label_quality(
    train: LabelledFeatures, validation: LabelledFeatures, task: Task
) -> LabelQuality:
    """Asks how well embeddings of training cases tell the labels of validation cases."""
    votes = neighbour_votes(
        train.features, train.targets, train.weights, validation.features, neighbours=NEIGHBOURS
    )
    penalty = PENALTY_PER_FEATURE * train.features.shape[1]
    probe = fit_linear_probe(train.features, train.targets, train.weights, penalty=penalty)
    logits = probe.logits(validation.features)
    probe_auc = mean_auc(validation.targets, validation.weights, logits)
    if task == "multi_class":
        return LabelQuality(
            knn_accuracy=_accuracy(validation.targets, votes),
            knn_auc=math.nan,
            probe_accuracy=_accuracy(validation.targets, logits),
            probe_auc=probe_auc,
        )
    return LabelQuality(
        knn_accuracy=math.nan,
        knn_auc=mean_auc(validation.targets, validation.weights, votes),
        probe_accuracy=math.nan,
        probe_auc=probe_auc,
    )


def _accuracy(targets: Floats, scores: Floats) -> float:
    return float((targets.argmax(axis=1) == scores.argmax(axis=1)).mean())
