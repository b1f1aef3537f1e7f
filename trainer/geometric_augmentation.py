"""Random crop, rotation and flips of a batch, in one resampling."""

import math

import tensorflow as tf

from trainer.settings import AugmentationSettings

_LARGEST_ASPECT_RATIO = 4 / 3


def transform_geometry(
    images: tf.Tensor, settings: AugmentationSettings, seed: tf.Tensor
) -> tf.Tensor:
    """Crops, rotates and flips each image on its own and resizes the crop to the input's size.

    The crop keeps an area within `crop_area` at an aspect ratio within 3/4..4/3, lies wholly
    inside the image, and is turned around its own centre. Pixels that a turned crop takes from
    outside are mirrored at the edge: black corners would be an edge that no image has, and would
    shift the batch's statistics.

    Args:
        images: float32 [n, side, side, 3].
        settings: Ranges and probabilities.
        seed: int [2]; the same seed gives the same transformation.

    Returns:
        float32 [n, side, side, 3], bilinearly interpolated.
    """
    if _changes_nothing(settings):
        return images
    count = tf.shape(images)[0]
    side = images.shape[1]
    if side is None:
        raise ValueError("The images' side must be known when the graph is built.")
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=_transforms(count, float(side), settings, seed),
        output_shape=[side, side],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="REFLECT",
    )


def _changes_nothing(settings: AugmentationSettings) -> bool:
    return (
        settings.crop_area == (1.0, 1.0)
        and settings.horizontal_flip == 0
        and settings.vertical_flip == 0
        and settings.rotation_degrees == 0
    )


def _transforms(
    count: tf.Tensor, side: float, settings: AugmentationSettings, seed: tf.Tensor
) -> tf.Tensor:
    """Returns float32 [count, 8], from an output pixel to the input pixel it shows.

    Both count pixels from the centre of the first: (x, y) comes from
    centre + rotation . diag(width, height) . ((x, y) - middle).
    """
    seeds = tf.random.split(seed, 7)
    width, height = _crop_sizes(count, settings.crop_area, seeds[0], seeds[1])
    centre_x = _centre(width, side, seeds[2])
    centre_y = _centre(height, side, seeds[3])
    width *= _flip_sign(count, settings.horizontal_flip, seeds[4])
    height *= _flip_sign(count, settings.vertical_flip, seeds[5])
    largest = math.radians(settings.rotation_degrees)
    angle = tf.random.stateless_uniform([count], seeds[6], -largest, largest)
    cosine, sine = tf.cos(angle), tf.sin(angle)
    x_by_x, x_by_y = cosine * width, -sine * height
    y_by_x, y_by_y = sine * width, cosine * height
    middle = (side - 1) / 2
    zeros = tf.zeros([count])
    columns = [
        x_by_x,
        x_by_y,
        centre_x - middle * (x_by_x + x_by_y),
        y_by_x,
        y_by_y,
        centre_y - middle * (y_by_x + y_by_y),
        zeros,
        zeros,
    ]
    return tf.stack(columns, axis=1)


def _crop_sizes(
    count: tf.Tensor, area_range: tuple[float, float], area_seed: tf.Tensor, ratio_seed: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns widths and heights [count], as shares of the side.

    The ratio is uniform on a logarithmic scale, and nearer to 1 where the area would otherwise
    not fit: a crop of the whole area is the image itself.
    """
    area = _uniform(count, *area_range, area_seed)
    largest = tf.minimum(math.log(_LARGEST_ASPECT_RATIO), -tf.math.log(area))
    ratio = tf.exp(largest * tf.random.stateless_uniform([count], ratio_seed, -1.0, 1.0))
    return tf.sqrt(area * ratio), tf.sqrt(area / ratio)


def _uniform(count: tf.Tensor, low: float, high: float, seed: tf.Tensor) -> tf.Tensor:
    return low + (high - low) * tf.random.stateless_uniform([count], seed)


def _centre(extent: tf.Tensor, side: float, seed: tf.Tensor) -> tf.Tensor:
    start = (1 - extent) * tf.random.stateless_uniform(tf.shape(extent), seed)
    return (start + extent / 2) * side - 0.5


def _flip_sign(count: tf.Tensor, probability: float, seed: tf.Tensor) -> tf.Tensor:
    flipped = tf.random.stateless_uniform([count], seed) < probability
    return tf.where(flipped, -1.0, 1.0)
