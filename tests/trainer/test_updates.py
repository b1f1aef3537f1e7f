import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer.lars import LARS
from trainer.optimizers import fine_tune_optimizer
from trainer.settings import FineTuneSettings
from trainer.updates import Updates

RATE = 0.5


def linear_model():
    """One weight vector [3]; its gradient is whatever a test says."""
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, use_bias=False)])
    model.layers[0].kernel.assign([[1.0], [2.0], [3.0]])
    return model


def updates(model, **settings):
    settings = {"precision": "float32", **settings}
    return Updates(
        model, LARS(RATE, momentum=0.0, weight_decay=0.0, trust_coefficient=1.0), **settings
    )


def kernel(model):
    return model.layers[0].kernel.numpy()[:, 0]


def column(*values):
    return [tf.constant([[value] for value in values], tf.float32)]


def expected_lars(weights, gradient):
    """One step of LARS without momentum and decay."""
    gradient = np.array(gradient)
    return weights - RATE * np.linalg.norm(weights) / np.linalg.norm(gradient) * gradient


def test_accumulated_gradients_make_the_update_of_their_mean():
    model = linear_model()
    accumulated = updates(model, accumulation_steps=3)
    before = kernel(model)
    scale = float(accumulated.scaled(tf.constant(1.0)))
    batches = [[1.0, 0.0, 2.0], [0.5, 1.0, -1.0], [3.0, 2.0, 5.0]]
    for gradient in batches[:2]:
        accumulated.add(column(*(scale * np.array(gradient))))
        np.testing.assert_array_equal(kernel(model), before)
    norm = accumulated.apply(column(*(scale * np.array(batches[2]))))
    mean = np.mean(batches, axis=0)
    assert float(norm) == pytest.approx(np.linalg.norm(mean))
    np.testing.assert_allclose(kernel(model), expected_lars(before, mean), rtol=1e-5)


def test_each_update_starts_from_no_gradient():
    model = linear_model()
    accumulated = updates(model, accumulation_steps=2)
    for _ in range(2):
        before = kernel(model)
        accumulated.add(column(1.0, 1.0, 1.0))
        accumulated.apply(column(0.0, 1.0, 2.0))
        np.testing.assert_allclose(kernel(model), expected_lars(before, [1, 2, 3]), rtol=1e-5)


def test_the_moving_average_follows_the_weights():
    model = linear_model()
    averaged = updates(model, ema_momentum=0.9)
    expected = kernel(model)
    for gradient in ([1.0, 0.0, 2.0], [0.5, 1.0, -1.0]):
        averaged.apply(column(*gradient))
        expected = 0.9 * expected + 0.1 * kernel(model)
    np.testing.assert_allclose(averaged.averages[0].numpy()[:, 0], expected, rtol=1e-6)
    assert averaged.averages[0] is averaged.variables[-1]


def test_in_float16_an_overflow_leaves_the_update_out_and_halves_the_scale():
    model = linear_model()
    scaled = updates(model, precision="mixed_float16")
    before = kernel(model)
    assert float(scaled.scaled(tf.constant(1.0))) == 2**15
    assert float(scaled.apply(column(1.0, np.inf, 1.0))) == 0
    np.testing.assert_array_equal(kernel(model), before)
    assert float(scaled.scaled(tf.constant(1.0))) == 2**14
    norm = scaled.apply(column(2.0**14, 2.0**15, 2.0**15))
    assert float(norm) == 3
    np.testing.assert_allclose(kernel(model), expected_lars(before, [1, 2, 2]), rtol=1e-5)


def test_in_float16_a_gradient_that_stays_infinite_is_reported():
    model = linear_model()
    scaled = updates(model, precision="mixed_float16")
    norms = [float(scaled.apply(column(1.0, np.nan, 1.0))) for _ in range(16)]
    assert norms[:15] == [0.0] * 15
    assert np.isnan(norms[15])


def test_in_float32_it_is_reported_at_once():
    assert np.isnan(float(updates(linear_model()).apply(column(1.0, np.nan, 1.0))))


def test_adamw_makes_the_updates_of_keras_own():
    settings = FineTuneSettings(learning_rate=0.1, weight_decay=0.3, warmup_fraction=0.0)
    model, reference = linear_model(), linear_model()
    ours = Updates(model, fine_tune_optimizer(settings, total_steps=5), precision="float32")
    rate = fine_tune_optimizer(settings, total_steps=5)._learning_rate
    keras_own = keras.optimizers.AdamW(rate, weight_decay=0.3)
    for step in range(4):
        gradient = column(1.0, -step, 0.5 * step)
        ours.apply(gradient)
        keras_own.apply(gradient, reference.trainable_variables)
    np.testing.assert_allclose(kernel(model), kernel(reference), rtol=1e-6)
    assert not np.allclose(kernel(model), [1, 2, 3], atol=0.1)
