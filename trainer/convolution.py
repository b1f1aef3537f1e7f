"""Convolution that is fast on CPUs where the picture is small."""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

_VARIANCE_EPSILON = 1e-10

Gradients = tuple[tf.Tensor, tf.Tensor]


class Convolution(keras.layers.Conv2D):
    """`keras.layers.Conv2D`, with the same weights, outputs and gradients.

    Two cases of stride 1, `same` padding and an odd kernel are computed in another way, because
    TensorFlow's CPU kernels are slow there: `dense_convolution` and `same_convolution`.
    """

    def convolution_op(self, inputs: tf.Tensor, kernel: keras.Variable) -> tf.Tensor:
        """Convolves; called by Keras."""
        plain = self.padding == "same" and self.strides == self.dilation_rate == (1, 1)
        if not plain or any(size % 2 == 0 for size in self.kernel_size):
            return super().convolution_op(inputs, kernel)
        convolve = dense_convolution if self._sees_everything(inputs) else same_convolution
        return convolve(inputs, tf.convert_to_tensor(kernel))

    def _sees_everything(self, inputs: tf.Tensor) -> bool:
        """Whether each output depends on every input pixel; no for 1x1 kernels: nothing to gain."""
        sides = zip(inputs.shape[1:3], self.kernel_size, strict=True)
        return self.kernel_size != (1, 1) and all(
            side is not None and side <= size // 2 + 1 for side, size in sides
        )


def dense_convolution(inputs: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """Convolves at stride 1 with zero padding, as one product of matrices.

    On a picture so small that the kernel spans it from any pixel (2x2 under a 3x3 kernel), a
    convolution is a dense layer whose weights repeat the kernel's. That leaves out the products
    with padding, five of nine at 2x2.

    Args:
        inputs: float [n, height, width, channels_in], height and width known and at most half
            the kernel's, rounded up.
        kernel: float [odd, odd, channels_in, channels_out].

    Returns:
        float [n, height, width, channels_out].
    """
    height, width = inputs.shape[1:3]
    rows, columns, channels_in, channels_out = kernel.shape
    pixels, taps = height * width, rows * columns
    chosen = tf.constant(_taps_between_pixels(height, width, rows, columns), kernel.dtype)
    weights = tf.matmul(chosen, tf.reshape(kernel, [taps, channels_in * channels_out]))
    weights = tf.reshape(weights, [pixels, pixels, channels_in, channels_out])
    weights = tf.transpose(weights, [0, 2, 1, 3])
    weights = tf.reshape(weights, [pixels * channels_in, pixels * channels_out])
    outputs = tf.matmul(tf.reshape(inputs, [-1, pixels * channels_in]), weights)
    return tf.reshape(outputs, [-1, height, width, channels_out])


def _taps_between_pixels(height: int, width: int, rows: int, columns: int) -> np.ndarray:
    """The kernel's tap from each input pixel to each output pixel: [pixels * pixels, taps], 0/1."""
    row, column = np.divmod(np.arange(height * width), width)
    down = row[:, np.newaxis] - row + rows // 2
    across = column[:, np.newaxis] - column + columns // 2
    return np.eye(rows * columns)[(down * columns + across).ravel()]


@tf.custom_gradient
def same_convolution(
    inputs: tf.Tensor, kernel: tf.Tensor
) -> tuple[tf.Tensor, Callable[[tf.Tensor], Gradients]]:
    """Convolves at stride 1 with zero padding, with an input gradient that is fast on CPUs.

    That gradient is itself such a convolution, with the kernel turned by 180 degrees and its
    channels swapped. TensorFlow's CPU kernel for it is up to 13 times slower than its convolution
    where the picture is small (4x4 pixels and less).

    Args:
        inputs: float [n, height, width, channels_in].
        kernel: float [odd, odd, channels_in, channels_out].

    Returns:
        float [n, height, width, channels_out].
    """

    def gradients(upstream: tf.Tensor) -> Gradients:
        turned = tf.reverse(tf.transpose(kernel, [0, 1, 3, 2]), axis=[0, 1])
        kernel_gradient = tf.raw_ops.Conv2DBackpropFilter(
            input=inputs,
            filter_sizes=tf.shape(kernel),
            out_backprop=upstream,
            strides=[1, 1, 1, 1],
            padding="SAME",
        )
        return tf.nn.conv2d(upstream, turned, 1, "SAME"), kernel_gradient

    return tf.nn.conv2d(inputs, kernel, 1, "SAME"), gradients


class StandardizedConvolution(Convolution):
    """Convolution by kernels of mean 0 and variance 1 (weight standardisation, Qiao et al. 2019).

    Mean and variance are those of each output channel; 1e-10 is added to the variance, as in
    BiT's code.
    """

    def convolution_op(self, inputs: tf.Tensor, kernel: keras.Variable) -> tf.Tensor:
        """Convolves; called by Keras."""
        values = tf.cast(tf.convert_to_tensor(kernel), tf.float32)
        mean, variance = tf.nn.moments(values, axes=[0, 1, 2], keepdims=True)
        standardized = (values - mean) / tf.sqrt(variance + _VARIANCE_EPSILON)
        return super().convolution_op(inputs, tf.cast(standardized, inputs.dtype))
