"""Random views of a batch of images, as operations of the training graph."""

import tensorflow as tf

from trainer.colour_augmentation import change_colours
from trainer.gaussian_blur import random_blur
from trainer.geometric_augmentation import transform_geometry
from trainer.settings import AugmentationSettings


def augment(images: tf.Tensor, settings: AugmentationSettings, seed: tf.Tensor) -> tf.Tensor:
    """Makes one random view of each image (SimCLR appendix A; medical changes: paper section 4).

    What the settings switch off is not computed.

    Args:
        images: float32 [n, side, side, 3] in [0, 1].
        settings: Ranges, strengths and probabilities.
        seed: int [2], such as the training's seed and the step; the same seed gives the same
            views.

    Returns:
        float32 [n, side, side, 3] in [0, 1].
    """
    seeds = tf.random.split(seed, 3)
    images = transform_geometry(images, settings, seeds[0])
    images = change_colours(images, settings, seeds[1])
    if settings.blur_probability > 0:
        images = random_blur(images, settings.blur_probability, seeds[2])
    return images
