"""The random choices of each view: one row for each image of the whole global batch."""

import math
from dataclasses import dataclass, fields

import tensorflow as tf

from trainer.settings import AugmentationSettings

_LARGEST_ASPECT_RATIO = 4 / 3
_BRIGHTNESS_CONTRAST_SATURATION = 0.8
_HUE = 0.2
_SMALLEST_SIGMA, _LARGEST_SIGMA = 0.1, 2.0
_SIDE_OF_THESE_SIGMAS = 224
_DRAWS = 18


@dataclass(frozen=True)
class ViewParameters:
    """What happens to each image of a batch; float32 [n] each, neutral where nothing happens.

    Attributes:
        width: Of the crop, as a share of the image's; negative for a left-right flip.
        height: Of the crop, as a share of the image's; negative for an up-down flip.
        centre_x: Of the crop, as a share of the image's width.
        centre_y: Of the crop, as a share of the image's height.
        cosine: Of the angle of the rotation.
        sine: Of the same.
        equalised: 1 where the histogram is equalised, else 0.
        brightness: Factor.
        contrast: Factor.
        saturation: Factor.
        hue: Added to the hue, in whole turns of the colour circle.
        order: Number of the order of the colour steps, 0 to 5.
        grey: 1 where colour is dropped, else 0.
        sigma: Of the blur, as a share of the image's side; 0 for none.
    """

    width: tf.Tensor
    height: tf.Tensor
    centre_x: tf.Tensor
    centre_y: tf.Tensor
    cosine: tf.Tensor
    sine: tf.Tensor
    equalised: tf.Tensor
    brightness: tf.Tensor
    contrast: tf.Tensor
    saturation: tf.Tensor
    hue: tf.Tensor
    order: tf.Tensor
    grey: tf.Tensor
    sigma: tf.Tensor


def draw_parameters(
    settings: AugmentationSettings,
    seed: tf.Tensor,
    row_count: tf.Tensor | int,
    rows: tf.Tensor | None = None,
) -> ViewParameters:
    """Draws for a whole global batch and keeps the rows of some images.

    Crop (SimCLR appendix A): area uniform within `crop_area`; aspect ratio within 3/4..4/3,
    uniform on a logarithmic scale, nearer to 1 where the area would otherwise not fit; wholly
    inside the image. Colours (SimCLR `data_util.py`): factors uniform within 1 +- 0.8 s, hue
    within +- 0.2 s, for strength s. Blur: sigma uniform in 0.1..2 pixels for 224-pixel images,
    and the same share of others.

    A replica that holds a slice of the batch so makes the views that one device would make.

    Args:
        settings: Ranges, strengths and probabilities.
        seed: int [2].
        row_count: Images in the global batch.
        rows: int [n], their numbers in it; None keeps all.
    """
    table = tf.random.stateless_uniform([row_count, _DRAWS], seed, alg="philox")
    draws = iter(tf.unstack(table, axis=1))

    def chosen(probability: float) -> tf.Tensor:
        return next(draws) < probability

    def within(low: float, high: float) -> tf.Tensor:
        return low + (high - low) * next(draws)

    area = within(*settings.crop_area)
    largest = tf.minimum(math.log(_LARGEST_ASPECT_RATIO), -tf.math.log(area))
    ratio = tf.exp(largest * within(-1.0, 1.0))
    width, height = tf.sqrt(area * ratio), tf.sqrt(area / ratio)
    centre_x = width / 2 + (1 - width) * next(draws)
    centre_y = height / 2 + (1 - height) * next(draws)
    width = tf.where(chosen(settings.horizontal_flip), -width, width)
    height = tf.where(chosen(settings.vertical_flip), -height, height)
    largest_angle = math.radians(settings.rotation_degrees)
    angle = within(-largest_angle, largest_angle)
    equalised = chosen(settings.equalise_probability)
    coloured = chosen(settings.colour_probability)
    spread = _BRIGHTNESS_CONTRAST_SATURATION * settings.colour_strength
    factors = [tf.where(coloured, within(max(0.0, 1 - spread), 1 + spread), 1.0) for _ in range(3)]
    turn = _HUE * settings.colour_strength
    hue = tf.where(coloured, within(-turn, turn), 0.0)
    order = tf.floor(within(0.0, 6.0))
    grey = chosen(settings.grayscale_probability)
    blurred = chosen(settings.blur_probability)
    sigma = tf.where(blurred, within(_SMALLEST_SIGMA, _LARGEST_SIGMA), 0.0)
    columns = [
        *(width, height, centre_x, centre_y, tf.cos(angle), tf.sin(angle)),
        *(
            tf.cast(equalised, tf.float32),
            *factors,
            hue,
            order,
            tf.cast(grey, tf.float32),
            sigma / _SIDE_OF_THESE_SIGMAS,
        ),
    ]
    # Rows are kept last: a number then never depends on how many are computed together.
    parameters = tf.stack(columns, axis=1)
    if rows is not None:
        parameters = tf.gather(parameters, rows)
    return ViewParameters(*tf.unstack(parameters, num=len(fields(ViewParameters)), axis=1))
