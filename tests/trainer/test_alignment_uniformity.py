import math

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from trainer.alignment_uniformity import alignment, uniformity


def test_alignment_of_pairs_worked_by_hand():
    first = np.array([[2.0, 0.0], [0.0, 5.0], [1.0, 0.0]])
    second = np.array([[7.0, 0.0], [3.0, 0.0], [-4.0, 0.0]])
    # The same direction, a right angle, the opposite: squared distances 0, 2, 4.
    assert alignment(first, second) == pytest.approx(2.0)


def test_uniformity_of_four_directions_worked_by_hand():
    square = np.array([[3.0, 0.0], [0.0, 1.0], [-2.0, 0.0], [0.0, -1.0]])
    # Of the six pairs, four are at squared distance 2 and two at 4.
    expected = math.log((4 * math.exp(-4) + 2 * math.exp(-8)) / 6)
    assert uniformity(square) == pytest.approx(expected)


def test_both_agree_with_the_published_code_on_random_features():
    # github.com/SsnL/align_uniform: pdist(x).pow(2).mul(-t).exp().mean().log(), t = 2, and
    # (x - y).norm(dim=1).pow(alpha).mean(), alpha = 2, of normalised x and y.
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 40, 7))
    x, y = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (first, second))
    assert uniformity(first) == pytest.approx(np.log(np.exp(-2 * pdist(x) ** 2).mean()))
    assert alignment(first, second) == pytest.approx((np.linalg.norm(x - y, axis=1) ** 2).mean())


def test_a_collapsed_encoder_has_zero_of_both_whatever_the_lengths():
    features = np.outer(np.arange(1.0, 6.0), [1.0, 2.0, 3.0])
    assert alignment(features, features[::-1]) == pytest.approx(0.0, abs=1e-12)
    assert uniformity(features) == pytest.approx(0.0, abs=1e-12)


def test_features_that_are_nowhere_negative_do_not_go_below_minus_4():
    assert uniformity(np.eye(30)) == pytest.approx(-4.0)


def test_a_feature_of_zeros_is_no_division_by_zero():
    assert np.isfinite(uniformity(np.zeros((3, 2))))
