import numpy as np
import pytest
import tensorflow as tf
from sklearn.metrics import log_loss
from sklearn.utils.class_weight import compute_class_weight

from trainer.case_labels import CaseLabels
from trainer.classification_loss import class_weights, classification_loss

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(30, 3)).astype(np.float32)
CLASSES = np.r_[0, 1, 2, RNG.choice(3, 27, p=[0.7, 0.2, 0.1])]
FINDINGS = (RNG.random((30, 3)) < 0.3).astype(np.float32)
NAMES = ("eczema", "melanoma", "naevus")
KNOWN = (RNG.random((30, 3)) < 0.8).astype(np.float32)


def labels(targets, weights):
    return CaseLabels(tuple(b"p" for _ in targets), targets, weights)


def multi_class():
    targets = np.eye(3, dtype=np.float32)[CLASSES]
    return labels(targets, np.ones_like(targets))


def loss(case_labels, task, *, rule="none", label_smoothing=0.0):
    return float(
        classification_loss(
            tf.constant(LOGITS),
            tf.constant(case_labels.targets),
            tf.constant(case_labels.weights),
            task=task,
            factors=class_weights(case_labels, task, NAMES, rule),
            label_smoothing=label_smoothing,
        )
    )


def softmax(logits):
    exponentials = np.exp(logits.astype(np.float64))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def test_multi_class_loss_is_that_of_scikit_learn():
    expected = log_loss(CLASSES, softmax(LOGITS))
    assert loss(multi_class(), "multi_class") == pytest.approx(expected, abs=1e-5)


def test_balanced_classes_weigh_as_in_scikit_learn():
    weights = compute_class_weight("balanced", classes=np.arange(3), y=CLASSES)
    np.testing.assert_allclose(
        class_weights(multi_class(), "multi_class", NAMES, "balanced").present, weights, rtol=1e-6
    )
    expected = log_loss(CLASSES, softmax(LOGITS), sample_weight=weights[CLASSES])
    assert loss(multi_class(), "multi_class", rule="balanced") == pytest.approx(expected, abs=1e-5)


def test_a_named_class_counts_as_many_times_as_its_factor_says():
    expected = log_loss(CLASSES, softmax(LOGITS), sample_weight=np.array([1, 5, 0.5])[CLASSES])
    # scikit-learn divides by the sum of the weights; here the mean is over the cases.
    expected *= np.array([1, 5, 0.5])[CLASSES].mean()
    received = loss(multi_class(), "multi_class", rule={"naevus": 0.5, "melanoma": 5})
    assert received == pytest.approx(expected, abs=1e-5)


def test_a_named_finding_counts_as_many_times_as_its_factor_says():
    probability = 1 / (1 + np.exp(-LOGITS.astype(np.float64)))
    losses = -np.log(np.where(FINDINGS > 0, probability, 1 - probability)) * KNOWN
    expected = (losses * [1, 5, 1]).sum() / KNOWN.sum()
    received = loss(labels(FINDINGS, KNOWN), "multi_label", rule={"melanoma": 5})
    assert received == pytest.approx(expected, abs=1e-5)


def test_label_smoothing_mixes_the_target_with_all_classes():
    log_probabilities = np.log(softmax(LOGITS))
    target = 0.8 * np.eye(3)[CLASSES] + 0.2 / 3
    expected = -(target * log_probabilities).sum(axis=1).mean()
    received = loss(multi_class(), "multi_class", label_smoothing=0.2)
    assert received == pytest.approx(expected, abs=1e-5)


def test_multi_label_loss_counts_known_findings_only():
    probability = 1 / (1 + np.exp(-LOGITS.astype(np.float64)))
    expected = log_loss(FINDINGS.ravel(), probability.ravel(), sample_weight=KNOWN.ravel())
    received = loss(labels(FINDINGS, KNOWN), "multi_label")
    assert received == pytest.approx(expected, abs=1e-5)


def test_each_finding_is_balanced_over_its_known_labels_as_in_scikit_learn():
    factors = class_weights(labels(FINDINGS, KNOWN), "multi_label", NAMES, "balanced")
    for index in range(3):
        known = FINDINGS[KNOWN[:, index] > 0, index]
        absent, present = compute_class_weight("balanced", classes=np.array([0, 1]), y=known)
        assert factors.absent[index] == pytest.approx(absent)
        assert factors.present[index] == pytest.approx(present)


def test_balanced_findings_weigh_presence_and_absence_alike():
    case_labels = labels(FINDINGS, np.ones_like(FINDINGS))
    factors = class_weights(case_labels, "multi_label", NAMES, "balanced")
    present = FINDINGS.sum(axis=0)
    np.testing.assert_allclose(
        factors.present * present, factors.absent * (30 - present), rtol=1e-6
    )


def test_a_batch_with_unknown_findings_only_loses_nothing():
    nothing = labels(FINDINGS, np.zeros_like(KNOWN))
    assert loss(nothing, "multi_label") == 0
