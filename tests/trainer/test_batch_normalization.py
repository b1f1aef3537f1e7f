import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer.batch_normalization import BatchNormalization
from trainer.encoders import build_encoder
from trainer.settings import EncoderSettings


def feature_maps(seed, shape=(6, 5, 4, 3)):
    rng = np.random.default_rng(seed)
    return tf.constant(rng.normal(2.0, 3.0, size=shape).astype(np.float32))


def pair_of_layers(**arguments):
    """Returns Keras' layer and ours with the same, uncommon values in every variable."""
    reference = keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5, **arguments)
    layer = BatchNormalization(momentum=0.9, epsilon=1e-5, **arguments)
    rng = np.random.default_rng(1)
    values = [rng.uniform(0.5, 1.5, size=3) for _ in range(4)]
    for each in (reference, layer):
        each.build((None, 5, 4, 3))
        each.set_weights(values)
    return reference, layer


def outputs_and_gradients(layer, inputs, upstream, *, training, compiled_by_xla=False):
    @tf.function(jit_compile=compiled_by_xla)
    def compute():
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = layer(inputs, training=training)
        sources = [inputs, layer.gamma.value, layer.beta.value]
        return outputs, *tape.gradient(outputs, sources, upstream)

    return compute()


@pytest.mark.parametrize("compiled_by_xla", [False, True])
@pytest.mark.parametrize("training", [True, False])
def test_outputs_gradients_and_moving_statistics_are_those_of_keras(training, compiled_by_xla):
    reference, layer = pair_of_layers()
    for step in range(3):
        inputs, upstream = feature_maps(step), feature_maps(step + 10)
        expected = outputs_and_gradients(reference, inputs, upstream, training=training)
        received = outputs_and_gradients(
            layer, inputs, upstream, training=training, compiled_by_xla=compiled_by_xla
        )
        for one, other in zip(received, expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)
    for one, other in zip(layer.variables, reference.variables, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)


def test_the_moving_variance_is_that_of_all_values_not_of_a_sample():
    _, layer = pair_of_layers()
    before = layer.moving_variance.numpy()
    inputs = feature_maps(0, shape=(2, 1, 1, 3))
    layer(inputs, training=True)
    expected = 0.9 * before + 0.1 * np.var(inputs, axis=(0, 1, 2))
    np.testing.assert_allclose(layer.moving_variance, expected, rtol=1e-5)


@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision_keeps_the_statistics_in_float32(precision):
    reference, layer = pair_of_layers(dtype=precision)
    inputs = feature_maps(0)
    expected, received = reference(inputs, training=True), layer(inputs, training=True)
    assert received.dtype == expected.dtype == layer.compute_dtype
    close = 1e-2 if precision == "mixed_float16" else 5e-2
    np.testing.assert_allclose(
        tf.cast(received, tf.float32), tf.cast(expected, tf.float32), atol=close
    )
    assert layer.moving_variance.dtype == "float32"
    np.testing.assert_allclose(layer.moving_variance, reference.moving_variance, rtol=1e-3)


def test_a_frozen_layer_uses_and_keeps_its_moving_statistics():
    reference, layer = pair_of_layers()
    reference.trainable = layer.trainable = False
    before = layer.moving_mean.numpy()
    inputs = feature_maps(0)
    np.testing.assert_allclose(
        layer(inputs, training=True), reference(inputs, training=True), atol=1e-5
    )
    np.testing.assert_array_equal(layer.moving_mean, before)


def test_training_an_encoder_uses_the_fused_operation_and_only_that():
    encoder = build_encoder(EncoderSettings(width_multiplier=0.125, image_size=16))
    step = tf.function(lambda images: encoder(images, training=True))
    graph = step.get_concrete_function(tf.TensorSpec([4, 16, 16, 3])).graph
    kinds = [operation.type for operation in graph.get_operations()]
    assert kinds.count("FusedBatchNormV3") == 20
    assert "SquaredDifference" not in kinds
