"""Equalised histograms against Pillow, level by level."""

import numpy as np
import tensorflow as tf
from PIL import Image, ImageOps

from trainer.histogram_equalisation import equalise_histograms


def test_each_image_gets_the_levels_that_pillow_gives_it():
    random = np.random.default_rng(0)
    levels = np.stack(
        [
            random.integers(0, 256, (24, 24, 3)),
            random.integers(90, 130, (24, 24, 3)),
            np.clip(random.normal(60, 30, (24, 24, 3)), 0, 255),
            np.where(random.random((24, 24, 3)) < 0.9, 7, 200),
            np.full((24, 24, 3), 80),
        ]
    ).astype(np.uint8)
    equalised = equalise_histograms(tf.constant(levels / np.float32(255)), tf.ones([5])).numpy()
    for image, result in zip(levels, equalised, strict=True):
        expected = np.asarray(ImageOps.equalize(Image.fromarray(image)))
        np.testing.assert_array_equal((result * 255).round().astype(np.uint8), expected)


def test_images_that_are_not_chosen_stay():
    images = tf.random.stateless_uniform([2, 24, 24, 3], [1, 2], maxval=0.6)
    results = equalise_histograms(images, tf.constant([0.0, 1.0]))
    np.testing.assert_array_equal(results[0], images[0])
    assert np.abs(results[1] - images[1]).max() > 0.01
