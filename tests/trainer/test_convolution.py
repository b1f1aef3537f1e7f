import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer.convolution import Convolution, same_convolution


@pytest.mark.parametrize(("side", "size"), [(2, 3), (5, 3), (6, 1), (4, 5)])
def test_outputs_and_gradients_are_those_of_tensorflow(side, size):
    rng = np.random.default_rng(0)
    inputs = tf.constant(rng.normal(size=(3, side, side, 4)))
    kernel = tf.constant(rng.normal(size=(size, size, 4, 6)))
    upstream = tf.constant(rng.normal(size=(3, side, side, 6)))

    def outputs_and_gradients(convolve):
        with tf.GradientTape() as tape:
            tape.watch([inputs, kernel])
            outputs = convolve(inputs, kernel)
        return outputs, *tape.gradient(outputs, [inputs, kernel], upstream)

    expected = outputs_and_gradients(lambda x, w: tf.nn.conv2d(x, w, 1, "SAME"))
    received = outputs_and_gradients(same_convolution)
    for one, other in zip(received, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(("stride", "padding"), [(1, "same"), (2, "valid"), (1, "valid")])
def test_the_layer_computes_what_that_of_keras_computes(stride, padding):
    inputs = np.random.default_rng(0).normal(size=(2, 7, 7, 3)).astype(np.float32)
    reference = keras.layers.Conv2D(5, 3, stride, padding=padding)
    expected = reference(inputs)
    layer = Convolution(5, 3, stride, padding=padding)
    layer.build(inputs.shape)
    layer.set_weights(reference.get_weights())
    np.testing.assert_allclose(layer(inputs), expected, atol=1e-5)
