import numpy as np
import pytest
import tensorflow as tf

from trainer.contrastive_loss import nt_xent

TEMPERATURE = 0.2


def reference_loss(projections, groups=None):
    """The formula of SimCLR equation 1, view by view, in float64."""
    vectors = projections / np.linalg.norm(projections, axis=1, keepdims=True)
    views = len(vectors)
    similarity = np.exp(vectors @ vectors.T / TEMPERATURE)
    losses = []
    for i in range(views):
        partner = (i + views // 2) % views
        others = [
            k
            for k in range(views)
            if k == partner
            or (k != i and (groups is None or groups[k % len(groups)] != groups[i % len(groups)]))
        ]
        losses.append(-np.log(similarity[i, partner] / similarity[i, others].sum()))
    return np.mean(losses)


def numerical_gradient(function, values, epsilon=1e-6):
    gradient = np.zeros_like(values)
    for index in np.ndindex(values.shape):
        step = np.zeros_like(values)
        step[index] = epsilon
        gradient[index] = (function(values + step) - function(values - step)) / (2 * epsilon)
    return gradient


@pytest.fixture
def projections():
    return np.random.default_rng(0).normal(size=(12, 5))


@pytest.mark.parametrize("groups", [None, [0, 0, 1, 2, 3, 0], [0, 1, 2, 3, 4, 5]])
def test_loss_and_gradient_equal_the_formula(projections, groups):
    group_ids = None if groups is None else tf.constant(groups, tf.int64)
    variable = tf.Variable(projections, dtype=tf.float32)
    with tf.GradientTape() as tape:
        loss = nt_xent(variable, temperature=TEMPERATURE, group_ids=group_ids).loss
    assert float(loss) == pytest.approx(reference_loss(projections, groups), abs=1e-5)
    np.testing.assert_allclose(
        tape.gradient(loss, variable),
        numerical_gradient(lambda values: reference_loss(values, groups), projections),
        atol=1e-5,
    )


def test_identical_embeddings_leave_nothing_but_chance():
    measures = nt_xent(tf.ones([8, 3]), temperature=0.1)
    assert float(measures.loss) == pytest.approx(np.log(7), abs=1e-5)
    assert float(measures.entropy) == pytest.approx(np.log(7), abs=1e-5)


def test_perfectly_separated_pairs_lose_next_to_nothing():
    measures = nt_xent(tf.tile(tf.eye(4), [2, 1]), temperature=0.05)
    assert float(measures.loss) < 1e-6
    assert float(measures.entropy) < 1e-5
    assert float(measures.accuracy) == 1


def test_the_order_of_the_pairs_does_not_matter(projections):
    order = np.random.default_rng(1).permutation(6)
    shuffled = projections[np.concatenate([order, order + 6])]
    assert float(nt_xent(tf.constant(shuffled), temperature=TEMPERATURE).loss) == pytest.approx(
        float(nt_xent(tf.constant(projections), temperature=TEMPERATURE).loss), abs=1e-6
    )


def test_swapping_the_two_views_does_not_matter(projections):
    swapped = np.roll(projections, 6, axis=0)
    assert float(nt_xent(tf.constant(swapped), temperature=TEMPERATURE).loss) == pytest.approx(
        float(nt_xent(tf.constant(projections), temperature=TEMPERATURE).loss), abs=1e-6
    )


def test_accuracy_counts_the_views_whose_partner_is_the_nearest():
    # Pair 0 agrees; the views of pair 1 each lie nearer to a view of pair 0.
    vectors = tf.constant([[1.0, 0.0], [0.9, 0.5], [1.0, 0.1], [0.0, 1.0]])
    unit = vectors / tf.norm(vectors, axis=1, keepdims=True)
    similarity = (unit @ tf.transpose(unit)).numpy()
    np.fill_diagonal(similarity, -2)
    expected = np.mean(similarity.argmax(axis=1) == [2, 3, 0, 1])
    assert 0 < expected < 1
    assert float(nt_xent(vectors, temperature=0.1).accuracy) == expected


def test_pairs_of_one_patient_are_no_negatives_of_each_other():
    same_patient = nt_xent(
        tf.constant(np.random.default_rng(0).normal(size=(8, 3))),
        temperature=0.1,
        group_ids=tf.zeros([4], tf.int64),
    )
    assert float(same_patient.loss) == pytest.approx(0, abs=1e-6)
    assert float(same_patient.accuracy) == 1
