"""Random crop, flips and rotation of a batch, in one resampling."""

import tensorflow as tf

from trainer.settings import AugmentationSettings
from trainer.view_parameters import ViewParameters


def crop_and_turn(
    images: tf.Tensor, settings: AugmentationSettings, parameters: ViewParameters
) -> tf.Tensor:
    """Crops, flips and rotates each image on its own and resizes the crop to the input's size.

    Upright crops are interpolated bicubically, as in SimCLR. Crops that are turned (around
    their own centre) are interpolated bilinearly, and pixels that they take from outside the
    image are mirrored at its edge: black corners would be an edge that no image has, and would
    shift the batch's statistics.

    Args:
        images: float32 [n, side, side, 3] in [0, 1]; the side is known in the graph.
        settings: What is switched off is not computed.
        parameters: Of these images.

    Returns:
        float32 [n, 3, side, side] in [0, 1]: channel by channel.
    """
    side = images.shape[1]
    if side is None:
        raise ValueError("The images' side must be known when the graph is built.")
    if settings.rotation_degrees > 0:
        return _by_channel(_resample_turned(images, parameters))
    planes = _by_channel(images)
    if settings.crop_area == (1.0, 1.0) and settings.horizontal_flip == settings.vertical_flip == 0:
        return planes
    columns = _cubic_weights(parameters.width, parameters.centre_x, side)
    rows = _cubic_weights(parameters.height, parameters.centre_y, side)
    resampled = tf.matmul(rows, tf.matmul(planes, columns, transpose_b=True))
    return tf.clip_by_value(resampled, 0.0, 1.0)


def _by_channel(images: tf.Tensor) -> tf.Tensor:
    return tf.transpose(images, [0, 3, 1, 2])


def _cubic_weights(extent: tf.Tensor, centre: tf.Tensor, side: int) -> tf.Tensor:
    """Weights of the input's pixels (last axis) in each output pixel: float32 [n, 1, side, side].

    Keys' cubic convolution (1981) with a = -0.5; at the edge the weights still add up to 1.
    """
    positions = tf.range(side, dtype=tf.float32)
    wanted = _input_positions(extent, centre, side)
    distances = tf.abs(wanted[:, :, tf.newaxis] - positions)
    near = (1.5 * distances - 2.5) * distances * distances + 1
    far = ((-0.5 * distances + 2.5) * distances - 4) * distances + 2
    weights = tf.where(distances < 1, near, tf.where(distances < 2, far, 0.0))
    return (weights / tf.reduce_sum(weights, axis=2, keepdims=True))[:, tf.newaxis]


def _input_positions(extent: tf.Tensor, centre: tf.Tensor, side: int) -> tf.Tensor:
    """Where each output pixel lies in the input, float32 [n, side]; 0 is the first's centre."""
    from_middle = tf.range(side, dtype=tf.float32) - (side - 1) / 2
    return centre[:, tf.newaxis] * side - 0.5 + extent[:, tf.newaxis] * from_middle


def _resample_turned(images: tf.Tensor, parameters: ViewParameters) -> tf.Tensor:
    side = images.shape[1]
    from_middle = tf.range(side, dtype=tf.float32) - (side - 1) / 2
    across = parameters.width[:, tf.newaxis, tf.newaxis] * from_middle
    down = parameters.height[:, tf.newaxis, tf.newaxis] * from_middle[:, tf.newaxis]
    cosine = parameters.cosine[:, tf.newaxis, tf.newaxis]
    sine = parameters.sine[:, tf.newaxis, tf.newaxis]
    centre_x = parameters.centre_x[:, tf.newaxis, tf.newaxis] * side - 0.5
    centre_y = parameters.centre_y[:, tf.newaxis, tf.newaxis] * side - 0.5
    x = _mirrored(centre_x + cosine * across - sine * down, side)
    y = _mirrored(centre_y + sine * across + cosine * down, side)
    return _bilinear(images, x, y)


def _mirrored(positions: tf.Tensor, side: int) -> tf.Tensor:
    """Mirrors positions outside the image at its edge, which is half a pixel from 0."""
    from_edge = tf.abs(positions + 0.5)
    from_edge = side - tf.abs(side - from_edge)
    return tf.clip_by_value(from_edge - 0.5, 0.0, side - 1.0)


def _bilinear(images: tf.Tensor, x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """Interpolates images [n, side, side, 3] at positions [n, side, side]."""
    side = images.shape[1]
    left = tf.minimum(tf.floor(x), side - 2.0)
    top = tf.minimum(tf.floor(y), side - 2.0)
    to_right, to_bottom = (x - left)[..., tf.newaxis], (y - top)[..., tf.newaxis]
    pixels = tf.reshape(images, [-1, side * side, 3])
    first = tf.cast(top * side + left, tf.int32)

    def corner(offset: int) -> tf.Tensor:
        return tf.gather(pixels, first + offset, batch_dims=1)

    upper = corner(0) * (1 - to_right) + corner(1) * to_right
    lower = corner(side) * (1 - to_right) + corner(side + 1) * to_right
    return upper * (1 - to_bottom) + lower * to_bottom
