"""Gaussian blur of a batch."""

import tensorflow as tf

_NO_BLUR = 1e-3  # The neighbours' weights underflow to 0, and the picture stays as it is.


def blur(planes: tf.Tensor, sigmas: tf.Tensor) -> tf.Tensor:
    """Blurs each image by a sigma of its own.

    The convolution is a product with a matrix of weights from each side, so a sigma per image
    costs no more than one for all (SimCLR draws one a batch, for speed). The kernel is not cut
    off, and its weights add up to 1 at the edge too; SimCLR pads with black, which darkens a
    frame around the picture.

    Args:
        planes: float32 [n, 3, side, side].
        sigmas: float32 [n], pixels; 0 leaves an image alone.

    Returns:
        float32 [n, 3, side, side].
    """
    positions = tf.range(planes.shape[2], dtype=tf.float32)
    squared_distances = tf.square(positions[:, tf.newaxis] - positions)
    scale = -0.5 / tf.square(tf.maximum(sigmas, _NO_BLUR))
    weights = tf.nn.softmax(scale[:, tf.newaxis, tf.newaxis] * squared_distances)[:, tf.newaxis]
    return tf.matmul(weights, tf.matmul(planes, weights, transpose_b=True))
