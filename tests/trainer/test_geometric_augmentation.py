"""Crops and turns against Pillow and SciPy, which resample the same box by other code."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from scipy import ndimage

from trainer.geometric_augmentation import crop_and_turn
from trainer.settings import AugmentationSettings
from trainer.view_parameters import ViewParameters, draw_parameters

SIDE, COUNT = 32, 8
IMAGES = np.random.default_rng(0).random((COUNT, SIDE, SIDE, 3)).astype(np.float32)
SEED = tf.constant([1, 2], tf.int64)


def rows_of(parameters):
    """One dict of floats for each image."""
    names = ViewParameters.__dataclass_fields__
    columns = {name: np.asarray(getattr(parameters, name), np.float64) for name in names}
    return [{name: columns[name][row] for name in names} for row in range(COUNT)]


def test_an_upright_crop_is_pillows_bicubic_resize_of_the_same_box():
    settings = AugmentationSettings(crop_area=(0.1, 1.0), horizontal_flip=0.5, vertical_flip=0.5)
    parameters = draw_parameters(settings, SEED, COUNT)
    crops = crop_and_turn(tf.constant(IMAGES), settings, parameters).numpy()
    assert {np.sign(row["width"]) for row in rows_of(parameters)} == {-1, 1}
    for image, row, crop in zip(IMAGES, rows_of(parameters), crops, strict=True):
        width, height = abs(row["width"]), abs(row["height"])
        left, top = row["centre_x"] - width / 2, row["centre_y"] - height / 2
        box = SIDE * np.clip([left, top, left + width, top + height], 0, 1)
        for channel in range(3):
            plane = Image.fromarray(image[..., channel])
            expected = np.asarray(plane.resize((SIDE, SIDE), Image.Resampling.BICUBIC, tuple(box)))
            expected = expected[:, ::-1] if row["width"] < 0 else expected
            expected = expected[::-1] if row["height"] < 0 else expected
            np.testing.assert_allclose(crop[channel], np.clip(expected, 0, 1), atol=1e-4)


@pytest.mark.parametrize("degrees", [45.0, 180.0])
def test_a_turned_crop_is_scipys_linear_interpolation_of_the_same_places(degrees):
    settings = AugmentationSettings(
        crop_area=(0.2, 1.0), horizontal_flip=0.5, rotation_degrees=degrees
    )
    parameters = draw_parameters(settings, SEED, COUNT)
    crops = crop_and_turn(tf.constant(IMAGES), settings, parameters).numpy()
    offsets = (np.arange(SIDE) + 0.5) / SIDE - 0.5
    for image, row, crop in zip(IMAGES, rows_of(parameters), crops, strict=True):
        across, down = np.meshgrid(row["width"] * offsets, row["height"] * offsets)
        cosine, sine = row["cosine"], row["sine"]
        x = (row["centre_x"] + cosine * across - sine * down) * SIDE - 0.5
        y = (row["centre_y"] + sine * across + cosine * down) * SIDE - 0.5
        for channel in range(3):
            expected = ndimage.map_coordinates(
                image[..., channel].astype(np.float64), [y, x], order=1, mode="reflect"
            )
            np.testing.assert_allclose(crop[channel], expected, atol=1e-4)
