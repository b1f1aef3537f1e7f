"""Random brightness, contrast, saturation, hue and grey of a batch."""

from collections.abc import Callable

import tensorflow as tf

from trainer.settings import AugmentationSettings
from trainer.view_draws import ViewDraws

_BRIGHTNESS_CONTRAST_SATURATION = 0.8
_HUE = 0.2


def change_colours(
    images: tf.Tensor, settings: AugmentationSettings, draws: ViewDraws, seed: tf.Tensor
) -> tf.Tensor:
    """Changes the colours of each image by its own random factors (SimCLR `data_util.py`).

    Brightness, contrast and saturation are multiplied by a factor within 1 +- 0.8 s, hue is
    turned by +- 0.2 s, for strength s; each step is clipped to [0, 1]. An image that is not
    drawn gets neutral factors. Two deviations from SimCLR: the order of the steps is drawn once
    a batch, not once an image, so that a step is one operation on the batch; and saturation and
    hue are one step, because they commute.

    Args:
        images: float32 [n, side, side, 3] in [0, 1].
        settings: Strength and probabilities.
        draws: Of these images.
        seed: int [2], of the batch's order of steps.

    Returns:
        float32 [n, side, side, 3] in [0, 1].
    """
    if settings.colour_strength > 0 and settings.colour_probability > 0:
        images = _jitter(images, settings, draws, seed)
    if settings.grayscale_probability > 0:
        drawn = draws.grayscale < settings.grayscale_probability
        images = tf.where(_per_image(drawn), tf.image.rgb_to_grayscale(images), images)
    return images


def _jitter(
    images: tf.Tensor, settings: AugmentationSettings, draws: ViewDraws, seed: tf.Tensor
) -> tf.Tensor:
    drawn = draws.colour < settings.colour_probability
    spread = _BRIGHTNESS_CONTRAST_SATURATION * settings.colour_strength
    lowest = max(0.0, 1 - spread)

    def factor(draw: tf.Tensor) -> tf.Tensor:
        return tf.where(drawn, lowest + (1 + spread - lowest) * draw, 1.0)

    brightness, contrast = factor(draws.brightness), factor(draws.contrast)
    saturation = factor(draws.saturation)
    turn = tf.where(drawn, _HUE * settings.colour_strength * (2 * draws.hue - 1), 0.0)
    steps: list[Callable[[tf.Tensor], tf.Tensor]] = [
        lambda pixels: change_brightness(pixels, brightness),
        lambda pixels: change_contrast(pixels, contrast),
        lambda pixels: change_saturation_and_hue(pixels, saturation, turn),
    ]
    order = tf.random.experimental.stateless_shuffle(tf.range(len(steps)), seed)
    for position in range(len(steps)):
        images = _one_of(steps, order[position], images)
    return images


def _one_of(
    steps: list[Callable[[tf.Tensor], tf.Tensor]], index: tf.Tensor, images: tf.Tensor
) -> tf.Tensor:
    branches = [lambda step=step: step(images) for step in steps]
    return tf.ensure_shape(tf.switch_case(index, branches), images.shape)


def change_brightness(images: tf.Tensor, factors: tf.Tensor) -> tf.Tensor:
    """Multiplies each image by its factor, float32 [n]; clips to [0, 1]."""
    return tf.clip_by_value(images * _per_image(factors), 0.0, 1.0)


def change_contrast(images: tf.Tensor, factors: tf.Tensor) -> tf.Tensor:
    """Stretches each channel around its mean by the image's factor; clips to [0, 1]."""
    mean = tf.reduce_mean(images, axis=[1, 2], keepdims=True)
    scale = _per_image(factors)
    return tf.clip_by_value(images * scale + mean * (1 - scale), 0.0, 1.0)


def change_saturation_and_hue(images: tf.Tensor, factors: tf.Tensor, turns: tf.Tensor) -> tf.Tensor:
    """Multiplies the saturation and turns the hue of each image.

    Args:
        images: float32 [n, side, side, 3] in [0, 1].
        factors: float32 [n], of the saturation.
        turns: float32 [n], added to the hue, in whole turns of the colour circle.

    Returns:
        float32 [n, side, side, 3] in [0, 1].
    """
    hue, saturation, value = tf.unstack(tf.image.rgb_to_hsv(images), axis=3)
    hue = tf.math.floormod(hue + turns[:, tf.newaxis, tf.newaxis], 1.0)
    saturation = tf.minimum(saturation * factors[:, tf.newaxis, tf.newaxis], 1.0)
    return tf.image.hsv_to_rgb(tf.stack([hue, saturation, value], axis=3))


def _per_image(values: tf.Tensor) -> tf.Tensor:
    return values[:, tf.newaxis, tf.newaxis, tf.newaxis]
