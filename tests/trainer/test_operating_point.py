import numpy as np
import pytest
from sklearn.metrics import roc_curve

from trainer.operating_point import youden_operating_point


def choose(positive, scores, weights=None):
    positive, scores = np.array(positive, float)[:, None], np.array(scores, float)[:, None]
    weights = np.ones_like(scores) if weights is None else np.array(weights, float)[:, None]
    return youden_operating_point(positive, weights, scores)[0]


@pytest.mark.parametrize("seed", range(20))
def test_it_is_the_best_point_of_the_roc_curve_of_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    positive = rng.random(80) < 0.3
    # Two decimals, so that scores tie.
    scores = np.round(np.clip(rng.normal(0.4 + 0.2 * positive, 0.2), 0, 1), 2)
    false_positive_rate, sensitivity, thresholds = roc_curve(
        positive, scores, drop_intermediate=False
    )
    youden = sensitivity - false_positive_rate
    # Its thresholds fall; the first one, infinity, is no score.
    best = 1 + np.argmax(youden[1:] > youden[1:].max() - 1e-12)
    assert choose(positive, scores) == thresholds[best]


def test_of_equally_good_thresholds_the_highest_is_taken():
    # At 0.8 and at 0.2, sensitivity + specificity - 1 is 1/2.
    assert choose([1, 0, 1, 0], [0.8, 0.4, 0.2, 0.1]) == 0.8


def test_a_class_without_positives_or_without_negatives_gets_one_half():
    assert choose([0, 0], [0.1, 0.2]) == 0.5
    assert choose([1, 1], [0.1, 0.2]) == 0.5


def test_unknown_labels_have_no_say():
    with_unknown = choose([1, 0, 0, 1], [0.7, 0.3, 0.9, 0.1], weights=[1, 1, 0, 0])
    assert with_unknown == choose([1, 0], [0.7, 0.3]) == 0.7


def test_each_class_has_its_own_threshold():
    targets = np.array([[1.0, 0.0], [0.0, 1.0]])
    scores = np.array([[0.6, 0.1], [0.5, 0.3]])
    np.testing.assert_array_equal(
        youden_operating_point(targets, np.ones_like(targets), scores), [0.6, 0.3]
    )
