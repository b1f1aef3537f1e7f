"""Gaussian blur of a batch."""

import tensorflow as tf

from trainer.view_draws import ViewDraws

_SMALLEST_SIGMA, _LARGEST_SIGMA = 0.1, 2.0
_SIDE_OF_THESE_SIGMAS = 224


def random_blur(
    images: tf.Tensor, probability: float, draws: ViewDraws, seed: tf.Tensor
) -> tf.Tensor:
    """Blurs some images, all by one sigma drawn for the batch (SimCLR `data_util.py`).

    Sigma is uniform in 0.1..2 pixels for 224-pixel images and in proportion for others, so that
    the blur stays the same share of the picture.

    Args:
        images: float32 [n, side, side, 3].
        probability: Of being blurred, for each image.
        draws: Of these images.
        seed: int [2], of the batch's sigma.

    Returns:
        float32 [n, side, side, 3].
    """
    side = images.shape[1]
    sigma = tf.random.stateless_uniform([], seed, _SMALLEST_SIGMA, _LARGEST_SIGMA)
    blurred = blur(images, sigma * side / _SIDE_OF_THESE_SIGMAS)
    drawn = draws.blur < probability
    return tf.where(drawn[:, tf.newaxis, tf.newaxis, tf.newaxis], blurred, images)


def blur(images: tf.Tensor, sigma: tf.Tensor) -> tf.Tensor:
    """Convolves with a Gaussian, cut off at a tenth of the side (the whole kernel).

    The edge is mirrored; SimCLR pads with black, which darkens a frame around the picture.

    Args:
        images: float32 [n, side, side, 3].
        sigma: Standard deviation in pixels; a scalar.

    Returns:
        float32 [n, side, side, 3]; the images themselves below 20 pixels, where the kernel is 1.
    """
    radius = (images.shape[1] // 10) // 2
    if radius == 0:
        return images
    offsets = tf.range(-radius, radius + 1, dtype=tf.float32)
    weights = tf.nn.softmax(-tf.square(offsets) / (2 * tf.square(sigma)))
    padded = tf.pad(images, [[0, 0], [radius, radius], [radius, radius], [0, 0]], mode="REFLECT")
    channels = images.shape[3]
    column = tf.tile(weights[:, tf.newaxis, tf.newaxis, tf.newaxis], [1, 1, channels, 1])
    row = tf.tile(weights[tf.newaxis, :, tf.newaxis, tf.newaxis], [1, 1, channels, 1])
    for kernel in (column, row):
        padded = tf.nn.depthwise_conv2d(padded, kernel, strides=[1, 1, 1, 1], padding="VALID")
    return padded
