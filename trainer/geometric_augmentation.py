"""Random crop, rotation and flips of a batch, in one resampling."""

import math

import tensorflow as tf

from trainer.settings import AugmentationSettings
from trainer.view_draws import ViewDraws

_LARGEST_ASPECT_RATIO = 4 / 3


def transform_geometry(
    images: tf.Tensor, settings: AugmentationSettings, draws: ViewDraws
) -> tf.Tensor:
    """Crops, rotates and flips each image on its own and resizes the crop to the input's size.

    The crop keeps an area within `crop_area` at an aspect ratio within 3/4..4/3, lies wholly
    inside the image, and is turned around its own centre. Pixels that a turned crop takes from
    outside are mirrored at the edge: black corners would be an edge that no image has, and would
    shift the batch's statistics.

    Args:
        images: float32 [n, side, side, 3].
        settings: Ranges and probabilities.
        draws: Of these images.

    Returns:
        float32 [n, side, side, 3], bilinearly interpolated.
    """
    if _changes_nothing(settings):
        return images
    side = images.shape[1]
    if side is None:
        raise ValueError("The images' side must be known when the graph is built.")
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=_transforms(float(side), settings, draws),
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


def _transforms(side: float, settings: AugmentationSettings, draws: ViewDraws) -> tf.Tensor:
    """Returns float32 [n, 8], from an output pixel to the input pixel it shows.

    Both count pixels from the centre of the first: (x, y) comes from
    centre + rotation . diag(width, height) . ((x, y) - middle).
    """
    width, height = _crop_sizes(settings.crop_area, draws)
    centre_x = _centre(width, side, draws.left)
    centre_y = _centre(height, side, draws.top)
    width *= tf.where(draws.horizontal_flip < settings.horizontal_flip, -1.0, 1.0)
    height *= tf.where(draws.vertical_flip < settings.vertical_flip, -1.0, 1.0)
    angle = math.radians(settings.rotation_degrees) * (2 * draws.angle - 1)
    cosine, sine = tf.cos(angle), tf.sin(angle)
    x_by_x, x_by_y = cosine * width, -sine * height
    y_by_x, y_by_y = sine * width, cosine * height
    middle = (side - 1) / 2
    zeros = tf.zeros_like(angle)
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


def _crop_sizes(area_range: tuple[float, float], draws: ViewDraws) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns widths and heights [n], as shares of the side.

    The ratio is uniform on a logarithmic scale, and nearer to 1 where the area would otherwise
    not fit: a crop of the whole area is the image itself.
    """
    low, high = area_range
    area = low + (high - low) * draws.area
    largest = tf.minimum(math.log(_LARGEST_ASPECT_RATIO), -tf.math.log(area))
    ratio = tf.exp(largest * (2 * draws.aspect - 1))
    return tf.sqrt(area * ratio), tf.sqrt(area / ratio)


def _centre(extent: tf.Tensor, side: float, draw: tf.Tensor) -> tf.Tensor:
    return ((1 - extent) * draw + extent / 2) * side - 0.5
