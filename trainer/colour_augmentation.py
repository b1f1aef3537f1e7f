"""Brightness, contrast, saturation, hue and grey of a batch, channel by channel."""

import tensorflow as tf

from trainer.view_parameters import ViewParameters

# Brightness and contrast have two places before saturation and hue and two after them. By the
# number of the order: the place of each.
_BRIGHTNESS_PLACES = (0, 1, 0, 2, 2, 3)
_CONTRAST_PLACES = (1, 0, 2, 0, 3, 2)

_LUMINANCE = (0.2989, 0.587, 0.114)  # Of red, green and blue, as `tf.image` and Pillow have them.
_SMALLEST_CHROMA = 1e-6


def change_colours(planes: tf.Tensor, parameters: ViewParameters) -> tf.Tensor:
    """Changes brightness, contrast, saturation and hue (SimCLR `data_util.py`).

    Each image has its own order of the steps, all equally likely, and each step is clipped to
    [0, 1]. To be one operation on the batch, a step is computed for every image wherever some
    image has it, with neutral factors for the others. Saturation and hue stay together (they
    commute): six orders in place of SimCLR's twenty-four.

    Args:
        planes: float32 [n, 3, side, side] in [0, 1].
        parameters: Of these images.

    Returns:
        float32 [n, 3, side, side] in [0, 1].
    """
    order = tf.cast(parameters.order, tf.int32)
    brightness_place = tf.gather(_BRIGHTNESS_PLACES, order)
    contrast_place = tf.gather(_CONTRAST_PLACES, order)
    for place in range(4):
        if place == 2:
            planes = change_saturation_and_hue(planes, parameters.saturation, parameters.hue)
        planes = change_brightness_or_contrast(
            planes,
            tf.where(brightness_place == place, parameters.brightness, 1.0),
            tf.where(contrast_place == place, parameters.contrast, 1.0),
        )
    return planes


def change_brightness_or_contrast(
    planes: tf.Tensor, brightness: tf.Tensor, contrast: tf.Tensor
) -> tf.Tensor:
    """Multiplies each image, or stretches its channels around their means; clips to [0, 1].

    Args:
        planes: float32 [n, 3, side, side] in [0, 1].
        brightness: Factors, float32 [n].
        contrast: Factors, float32 [n]; 1 where brightness is not.

    Returns:
        float32 [n, 3, side, side] in [0, 1].
    """
    means = tf.reduce_mean(planes, axis=[2, 3], keepdims=True)
    changed = planes * _per_image(brightness * contrast) + means * _per_image(1 - contrast)
    return tf.clip_by_value(changed, 0.0, 1.0)


def change_saturation_and_hue(
    planes: tf.Tensor, saturation: tf.Tensor, turns: tf.Tensor
) -> tf.Tensor:
    """Multiplies the saturation (HSV) and turns the hue of each image.

    The value V = max(R, G, B) stays. The chroma C = V - min(R, G, B) is V times the saturation.
    With hue h in sixths of a turn, channel c is V - C max(0, min(k, 4 - k, 1)), where
    k = (h + 5, 3 or 1) mod 6 for red, green and blue.

    Args:
        planes: float32 [n, 3, side, side] in [0, 1].
        saturation: Factors, float32 [n].
        turns: float32 [n], added to the hue, in whole turns of the colour circle.

    Returns:
        float32 [n, 3, side, side] in [0, 1].
    """
    red, green, blue = tf.unstack(planes, axis=1)
    value = tf.maximum(tf.maximum(red, green), blue)
    chroma = value - tf.minimum(tf.minimum(red, green), blue)
    inverse = 1 / tf.maximum(chroma, _SMALLEST_CHROMA)
    hue = tf.where(
        value == red,
        (green - blue) * inverse,
        tf.where(value == green, (blue - red) * inverse + 2, (red - green) * inverse + 4),
    )
    hue += 6 * turns[:, tf.newaxis, tf.newaxis]
    chroma = tf.minimum(chroma * saturation[:, tf.newaxis, tf.newaxis], value)

    def channel(offset: float) -> tf.Tensor:
        k = hue + offset
        k -= 6 * tf.floor(k / 6)
        return value - chroma * tf.clip_by_value(tf.minimum(k, 4 - k), 0.0, 1.0)

    return tf.stack([channel(5), channel(3), channel(1)], axis=1)


def drop_colour(planes: tf.Tensor, grey: tf.Tensor) -> tf.Tensor:
    """Replaces the images for which `grey`, float32 [n], is 1 by their luminance."""
    weights = tf.reshape(tf.constant(_LUMINANCE), [1, 3, 1, 1])
    luminance = tf.reduce_sum(planes * weights, axis=1, keepdims=True)
    return tf.where(_per_image(grey) > 0, luminance, planes)


def _per_image(values: tf.Tensor) -> tf.Tensor:
    return values[:, tf.newaxis, tf.newaxis, tf.newaxis]
