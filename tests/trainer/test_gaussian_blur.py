"""The blur against SciPy."""

import numpy as np
import tensorflow as tf
from scipy import ndimage

from trainer.gaussian_blur import blur

SIGMAS = np.array([0.0, 0.3, 0.9, 2.0], np.float32)


def normalised(image, sigma):
    """Weights that fall outside the image are given to those inside."""

    def filtered(values):
        return ndimage.gaussian_filter(values, sigma, mode="constant", truncate=8)

    return filtered(image) / filtered(np.ones_like(image))


def test_each_image_is_blurred_by_its_own_sigma_as_scipy_does():
    images = np.random.default_rng(0).random((4, 3, 24, 24)).astype(np.float32)
    blurred = blur(tf.constant(images), tf.constant(SIGMAS)).numpy()
    np.testing.assert_allclose(blurred[0], images[0], atol=1e-6)
    for index in (1, 2, 3):
        for channel in range(3):
            expected = normalised(images[index, channel].astype(np.float64), SIGMAS[index])
            np.testing.assert_allclose(blurred[index, channel], expected, atol=1e-5)


def test_blur_does_not_darken_the_edge():
    white = tf.ones([4, 3, 16, 16])
    np.testing.assert_allclose(blur(white, tf.constant(SIGMAS)), white, atol=1e-6)
