"""Cross entropy of cases, weighted by class."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from schemas.case_features import Task
from trainer.case_labels import CaseLabels
from trainer.distribution import sum_over_replicas


@dataclass(frozen=True)
class ClassWeights:
    """Factors on the loss.

    Attributes:
        present: float32 [classes], where the class or finding is present.
        absent: float32 [classes], where the finding is absent; multi-label only.
    """

    present: npt.NDArray[np.float32]
    absent: npt.NDArray[np.float32]


def class_weights(
    labels: CaseLabels,
    task: Task,
    classes: Sequence[str],
    rule: str | Mapping[str, float],
) -> ClassWeights:
    """Weighs the loss by class, or by finding and its presence.

    - `none`: all weights are 1.
    - `balanced`: classes, or each finding's presence and absence, by inverse frequency. The
      weights' mean over the labels is 1, so that the learning rate keeps its meaning.
    - A factor by class or finding: taken as it is, a finding's for presence and absence; 1 for
      those not named.

    Args:
        labels: Of the training cases; each class has at least one.
        task: Multi-class or multi-label.
        classes: Class or finding names, in the order of the targets.
        rule: One of the three.
    """
    if rule == "balanced":
        return _balanced(labels, task)
    factors = {} if isinstance(rule, str) else rule
    weights = np.array([factors.get(name, 1.0) for name in classes], np.float32)
    return ClassWeights(weights, weights)


def _balanced(labels: CaseLabels, task: Task) -> ClassWeights:
    known = labels.weights.sum(axis=0)
    present = (labels.targets * labels.weights).sum(axis=0)
    ways = labels.targets.shape[1] if task == "multi_class" else 2
    return ClassWeights(
        present=_inverse_frequency(known, present, ways),
        absent=_inverse_frequency(known, known - present, ways),
    )


def _inverse_frequency(
    total: npt.NDArray[np.float32], count: npt.NDArray[np.float32], ways: int
) -> npt.NDArray[np.float32]:
    return (total / (ways * np.maximum(count, 1))).astype(np.float32)


def classification_loss(
    logits: tf.Tensor,
    targets: tf.Tensor,
    weights: tf.Tensor,
    *,
    task: Task,
    factors: ClassWeights,
    label_smoothing: float = 0.0,
) -> tf.Tensor:
    """Computes the mean softmax (multi-class) or sigmoid (multi-label) cross entropy.

    Within a replica of a distribution strategy, the mean is that over all replicas' cases, and the
    result is this replica's share of it.

    Args:
        logits: float32 [cases, classes].
        targets: float32 [cases, classes].
        weights: float32 [cases, classes]; an unknown finding (0) counts nowhere. Multi-class
            cases are all labelled.
        task: Which of the two.
        factors: On the loss of each class.
        label_smoothing: Share of a multi-class target that is spread over all classes.

    Returns:
        A float32 scalar: the mean over cases, or over known findings.
    """
    if task == "multi_class":
        smooth = targets * (1 - label_smoothing) + label_smoothing / targets.shape[1]
        losses = tf.nn.softmax_cross_entropy_with_logits(smooth, logits)
        losses *= tf.reduce_sum(targets * factors.present, axis=1)
        cases = sum_over_replicas(tf.cast(tf.shape(targets)[0], tf.float32))
        return tf.reduce_sum(losses) / cases
    losses = tf.nn.sigmoid_cross_entropy_with_logits(targets, logits)
    losses *= targets * factors.present + (1 - targets) * factors.absent
    known = sum_over_replicas(tf.reduce_sum(weights))
    return tf.reduce_sum(losses * weights) / tf.maximum(known, 1.0)
