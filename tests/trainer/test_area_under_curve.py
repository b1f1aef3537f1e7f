import math

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from trainer.area_under_curve import class_aucs, mean_auc


@pytest.mark.parametrize("seed", range(10))
def test_it_agrees_with_scikit_learn_with_ties_and_unknown_labels(seed):
    rng = np.random.default_rng(seed)
    targets = (rng.random((60, 3)) < 0.4).astype(float)
    weights = (rng.random((60, 3)) < 0.8).astype(float)
    scores = np.round(rng.random((60, 3)) + 0.2 * targets, 1)
    expected = [
        roc_auc_score(targets[known, index], scores[known, index])
        for index, known in enumerate((weights > 0).T)
    ]
    np.testing.assert_allclose(class_aucs(targets, weights, scores), expected, atol=1e-12)
    assert mean_auc(targets, weights, scores) == pytest.approx(np.mean(expected), abs=1e-12)


def test_a_class_of_one_kind_only_has_none_and_is_left_out_of_the_mean():
    targets = np.array([[1.0, 1.0], [0.0, 1.0], [1.0, 1.0]])
    scores = np.array([[0.9, 0.1], [0.5, 0.2], [0.4, 0.3]])
    aucs = class_aucs(targets, np.ones_like(targets), scores)
    # Of the two pairs of a positive and a negative case, one is in order.
    assert aucs[0] == 0.5
    assert math.isnan(aucs[1])
    assert mean_auc(targets, np.ones_like(targets), scores) == 0.5
    assert math.isnan(mean_auc(targets[:, 1:], np.ones((3, 1)), scores[:, 1:]))
