import math

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from trainer.nearest_neighbours import neighbour_votes


def test_votes_worked_by_hand():
    features = np.array([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0], [-1.0, 0.0]])
    targets = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [1.0, 0.0]])
    votes = neighbour_votes(
        features, targets, np.ones_like(targets), np.array([[2.0, 0.0]]), neighbours=2
    )
    near, far = math.exp(1.0 / 0.07), math.exp(0.6 / 0.07)
    np.testing.assert_allclose(votes, [[near / (near + far), far / (near + far)]])


@pytest.mark.parametrize("neighbours", [1, 5, 200])
def test_it_agrees_with_scikit_learn(neighbours):
    rng = np.random.default_rng(0)
    features, queries = rng.normal(size=(50, 6)), rng.normal(size=(20, 6))
    labels = rng.integers(0, 3, 50)
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    unit_queries = queries / np.linalg.norm(queries, axis=1, keepdims=True)
    peer = KNeighborsClassifier(
        n_neighbors=min(neighbours, 50),
        metric="cosine",
        algorithm="brute",
        weights=lambda distance: np.exp((1 - distance) / 0.07),
    ).fit(unit, labels)
    votes = neighbour_votes(
        features, np.eye(3)[labels], np.ones((50, 3)), queries, neighbours=neighbours
    )
    np.testing.assert_allclose(votes, peer.predict_proba(unit_queries), atol=1e-9)


def test_an_unknown_label_has_no_vote():
    features = np.array([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0]])
    targets = np.array([[1.0, 1.0], [0.0, 1.0], [0.0, 0.0]])
    weights = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]])
    votes = neighbour_votes(features, targets, weights, features[:1], neighbours=2)
    # First class: the nearest case is unknown, the second says absent. Second class: neither of
    # the two nearest is known, so the share among all known cases, 0 of 1, takes their place.
    np.testing.assert_array_equal(votes, [[0.0, 0.0]])
    weights[1] = [1.0, 1.0]
    votes = neighbour_votes(features, targets, weights, features[:1], neighbours=1)
    np.testing.assert_array_equal(votes, [[0.0, 0.5]])


def test_very_many_dimensions_and_equal_features_stay_finite():
    features = np.ones((4, 2048))
    targets = np.array([[1.0], [1.0], [1.0], [0.0]])
    votes = neighbour_votes(features, targets, np.ones((4, 1)), features, neighbours=4)
    np.testing.assert_allclose(votes, 0.75)
