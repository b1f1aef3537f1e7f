import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from trainer.contrastive_loss import nt_xent

TEMPERATURE = 0.2
PROJECT = Path(__file__).parents[2]

# Logical devices can only be made before TensorFlow starts, hence in a process of its own.
TWO_REPLICAS = """
import sys
import numpy as np, tensorflow as tf
from trainer.contrastive_loss import nt_xent
from trainer.distribution import find_replicas, gather_rows, replica_index, sum_over_replicas
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)
replicas = find_replicas("mirrored")
given = np.load(f"{sys.argv[1]}/in.npz")
projections = tf.constant(given["projections"].reshape(2, 6, -1), tf.float32)
groups = tf.constant(given["groups"], tf.int64) if given["groups"].size else None

@tf.function
def measure():
    def of_replica():
        pairs = 3 * replica_index() + tf.range(3)
        own = tf.reshape(tf.gather(projections, pairs, axis=1), [6, -1])
        with tf.GradientTape() as tape:
            tape.watch(own)
            ids = None if groups is None else tf.gather(groups, pairs)
            measures = nt_xent(own, temperature=0.2, group_ids=ids)
        first, second = tf.split(tape.gradient(measures.loss, own), 2)
        gradient = tf.concat([gather_rows(first), gather_rows(second)], axis=0)
        return sum_over_replicas(tf.stack(measures)), gradient
    return replicas.run(of_replica)

measures, gradient = measure()
np.savez(f"{sys.argv[1]}/out.npz", measures=measures, gradient=gradient)
"""


def reference(projections, groups=None, temperature=TEMPERATURE):
    """Loss, accuracy and entropy by SimCLR equation 1, view by view, in float64."""
    vectors = projections / np.linalg.norm(projections, axis=1, keepdims=True)
    views = len(vectors)
    logits = vectors @ vectors.T / temperature
    rows = []
    for i in range(views):
        partner = (i + views // 2) % views
        others = [
            k
            for k in range(views)
            if k == partner
            or (k != i and (groups is None or groups[k % len(groups)] != groups[i % len(groups)]))
        ]
        largest = logits[i, others].max()
        total = largest + np.log(np.exp(logits[i, others] - largest).sum())
        surprise = total - logits[i, others]
        entropy = (np.exp(-surprise) * surprise).sum()
        rows.append((total - logits[i, partner], logits[i, partner] == largest, entropy))
    return np.mean(rows, axis=0)


def reference_loss(projections, groups=None):
    return reference(projections, groups)[0]


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


@pytest.mark.parametrize("groups", [None, [0, 0, 1, 2, 3, 0]])
def test_accuracy_and_entropy_equal_the_formula(projections, groups):
    group_ids = None if groups is None else tf.constant(groups, tf.int64)
    measures = nt_xent(tf.constant(projections), temperature=TEMPERATURE, group_ids=group_ids)
    np.testing.assert_allclose(tf.stack(measures), reference(projections, groups), atol=1e-5)


@pytest.mark.parametrize(
    ("dtype", "factor"),
    [("float16", 6e4), ("float16", 1e-6), ("bfloat16", 1e38), ("bfloat16", 1e-30)],
)
def test_extreme_values_in_16_bits_are_no_danger(projections, dtype, factor):
    extreme = tf.cast(projections / np.abs(projections).max() * factor, dtype)
    exact = tf.cast(extreme, tf.float64).numpy()
    with tf.GradientTape() as tape:
        tape.watch(extreme)
        measures = nt_xent(extreme, temperature=0.05)
    assert measures.loss.dtype == tf.float32
    expected = reference(exact / factor, temperature=0.05)
    np.testing.assert_allclose(tf.stack(measures), expected, rtol=1e-5, atol=1e-5)
    assert not np.isnan(tf.cast(tape.gradient(measures.loss, extreme), tf.float32)).any()


@pytest.mark.parametrize("groups", [None, [0, 0, 1, 2, 3, 0]])
def test_the_shares_of_two_replicas_add_up_to_the_formula_gradient_included(
    projections, groups, tmp_path
):
    np.savez(tmp_path / "in.npz", projections=projections, groups=groups or [])
    subprocess.run([sys.executable, "-c", TWO_REPLICAS, tmp_path], check=True, cwd=PROJECT)
    received = np.load(tmp_path / "out.npz")
    np.testing.assert_allclose(received["measures"], reference(projections, groups), atol=1e-5)
    expected = numerical_gradient(lambda values: reference_loss(values, groups), projections)
    np.testing.assert_allclose(received["gradient"], expected, atol=1e-5)


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
