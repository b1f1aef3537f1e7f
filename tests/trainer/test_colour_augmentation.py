"""Colour steps against the standard library, the published formulas and TensorFlow."""

import colorsys
import itertools

import numpy as np
import tensorflow as tf
from PIL import Image, ImageEnhance

from trainer.colour_augmentation import (
    _BRIGHTNESS_PLACES,
    _CONTRAST_PLACES,
    change_brightness_or_contrast,
    change_colours,
    change_saturation_and_hue,
)
from trainer.view_parameters import ViewParameters

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.random((6, 8, 8, 3)).astype(np.float32)
FACTORS = np.array([0.2, 0.6, 1.0, 1.3, 1.8, 0.0], np.float32)
ONES = np.ones(6, np.float32)
TURNS = np.array([-0.2, -0.05, 0.0, 0.1, 0.2, 0.15], np.float32)


def planes(images):
    return tf.constant(images.transpose(0, 3, 1, 2))


def pixels(planes):
    return np.asarray(planes).transpose(0, 2, 3, 1)


def saturated_and_turned(image, factor, turn):
    changed = np.empty_like(image)
    for row, column in np.ndindex(image.shape[:2]):
        hue, saturation, value = colorsys.rgb_to_hsv(*image[row, column].tolist())
        saturation = min(saturation * factor, 1.0)
        changed[row, column] = colorsys.hsv_to_rgb((hue + turn) % 1.0, saturation, value)
    return changed


def contrasted(image, factor):
    mean = image.mean(axis=(0, 1), dtype=np.float64)
    return np.clip((image - mean) * factor + mean, 0, 1)


def brightened(image, factor):
    return np.clip(image * factor, 0, 1)


def test_saturation_and_hue_are_those_of_colorsys():
    changed = pixels(change_saturation_and_hue(planes(IMAGES), FACTORS, TURNS))
    for image, factor, turn, result in zip(IMAGES, FACTORS, TURNS, changed, strict=True):
        np.testing.assert_allclose(result, saturated_and_turned(image, factor, turn), atol=1e-5)


def test_greys_and_pure_colours_have_a_defined_hue():
    corners = np.array(list(itertools.product([0.0, 0.5, 1.0], repeat=3)), np.float32)
    image = corners.reshape(1, 3, 9, 3)
    changed = pixels(change_saturation_and_hue(planes(image), np.float32([1.5]), np.float32([0.1])))
    np.testing.assert_allclose(changed[0], saturated_and_turned(image[0], 1.5, 0.1), atol=1e-5)


def test_brightness_is_that_of_pillow():
    levels = (IMAGES * 255).astype(np.uint8)
    changed = pixels(change_brightness_or_contrast(planes(levels / np.float32(255)), FACTORS, ONES))
    for image, factor, result in zip(levels, FACTORS, changed, strict=True):
        pillow = ImageEnhance.Brightness(Image.fromarray(image)).enhance(float(factor))
        np.testing.assert_allclose(result * 255, np.asarray(pillow), atol=1.0)


def test_contrast_stretches_each_channel_around_its_mean_as_tensorflow_does():
    changed = pixels(change_brightness_or_contrast(planes(IMAGES), ONES, FACTORS))
    for image, factor, result in zip(IMAGES, FACTORS, changed, strict=True):
        expected = np.clip(tf.image.adjust_contrast(image, float(factor)), 0, 1)
        np.testing.assert_allclose(result, expected, atol=1e-5)
        np.testing.assert_allclose(result, contrasted(image, factor), atol=1e-5)


def test_each_image_gets_the_steps_in_its_own_order():
    """All six orders in one batch, against one image after the other in NumPy."""
    image, brightness, contrast, saturation, turn = IMAGES[0], 1.6, 0.5, 1.7, 0.1
    steps = {
        "brightness": lambda image: brightened(image, brightness),
        "contrast": lambda image: contrasted(image, contrast),
        "colour": lambda image: saturated_and_turned(image, saturation, turn),
    }
    expected = []
    for order in itertools.permutations(steps):
        changed = image
        for name in order:
            changed = steps[name](changed)
        expected.append(changed)
    neutral = {name: tf.ones([6]) for name in ViewParameters.__dataclass_fields__}
    parameters = ViewParameters(
        **neutral
        | {
            "brightness": tf.fill([6], brightness),
            "contrast": tf.fill([6], contrast),
            "saturation": tf.fill([6], saturation),
            "hue": tf.fill([6], turn),
            "order": tf.range(6, dtype=tf.float32),
        }
    )
    results = pixels(change_colours(planes(np.repeat(image[None], 6, axis=0)), parameters))
    distances = np.array([[np.abs(a - b).max() for b in expected] for a in results])
    assert distances.min(axis=1).max() < 1e-5
    assert sorted(distances.argmin(axis=1)) == [0, 1, 2, 3, 4, 5]


def test_no_two_steps_share_a_place():
    for places in zip(_BRIGHTNESS_PLACES, _CONTRAST_PLACES, strict=True):
        assert len(set(places)) == 2
