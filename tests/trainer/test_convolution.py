import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer.convolution import Convolution, dense_convolution, same_convolution


@pytest.mark.parametrize(
    ("convolution", "sides", "size"),
    [
        (same_convolution, (2, 2), (3, 3)),
        (same_convolution, (5, 5), (3, 3)),
        (same_convolution, (6, 6), (1, 1)),
        (same_convolution, (4, 4), (5, 5)),
        (dense_convolution, (2, 2), (3, 3)),
        (dense_convolution, (1, 2), (3, 3)),
        (dense_convolution, (3, 2), (5, 3)),
    ],
)
def test_outputs_and_gradients_are_those_of_tensorflow(convolution, sides, size):
    rng = np.random.default_rng(0)
    inputs = tf.constant(rng.normal(size=(3, *sides, 4)))
    kernel = tf.constant(rng.normal(size=(*size, 4, 6)))
    upstream = tf.constant(rng.normal(size=(3, *sides, 6)))

    def outputs_and_gradients(convolve):
        with tf.GradientTape() as tape:
            tape.watch([inputs, kernel])
            outputs = convolve(inputs, kernel)
        return outputs, *tape.gradient(outputs, [inputs, kernel], upstream)

    expected = outputs_and_gradients(lambda x, w: tf.nn.conv2d(x, w, 1, "SAME"))
    received = outputs_and_gradients(convolution)
    for one, other in zip(received, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(
    ("side", "stride", "padding"),
    [(7, 1, "same"), (2, 1, "same"), (7, 2, "valid"), (7, 1, "valid"), (2, 2, "same")],
)
def test_the_layer_computes_what_that_of_keras_computes(side, stride, padding):
    inputs = np.random.default_rng(0).normal(size=(2, side, side, 3)).astype(np.float32)
    reference = keras.layers.Conv2D(5, 3, stride, padding=padding)
    expected = reference(inputs)
    layer = Convolution(5, 3, stride, padding=padding)
    layer.build(inputs.shape)
    layer.set_weights(reference.get_weights())
    np.testing.assert_allclose(layer(inputs), expected, atol=1e-5)
