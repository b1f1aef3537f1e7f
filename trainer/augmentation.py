"""Random views of a batch of images, as operations of the training graph."""

import tensorflow as tf

from trainer.colour_augmentation import change_colours
from trainer.gaussian_blur import random_blur
from trainer.geometric_augmentation import transform_geometry
from trainer.settings import AugmentationSettings
from trainer.view_draws import draw_views


def augment(
    images: tf.Tensor,
    settings: AugmentationSettings,
    seed: tf.Tensor,
    *,
    rows: tf.Tensor | None = None,
    row_count: tf.Tensor | int | None = None,
) -> tf.Tensor:
    """Makes one random view of each image (SimCLR appendix A; medical changes: paper section 4).

    What the settings switch off is not computed. A view depends on the image, the seed, the
    image's row and `row_count` only, not on which other images are there: the views of a slice
    of a global batch are the same slice of the global batch's views.

    Args:
        images: float32 [n, side, side, 3] in [0, 1].
        settings: Ranges, strengths and probabilities.
        seed: int [2], such as the training's seed and the step; the same seed gives the same
            views.
        rows: int [n], number of each image in the global batch; 0 to n - 1 by default.
        row_count: Images in the global batch; n by default.

    Returns:
        float32 [n, side, side, 3] in [0, 1].
    """
    seeds = tf.random.split(seed, 3)
    count = tf.shape(images)[0] if row_count is None else row_count
    draws = draw_views(seeds[0], count, rows)
    images = transform_geometry(images, settings, draws)
    images = change_colours(images, settings, draws, seeds[1])
    if settings.blur_probability > 0:
        images = random_blur(images, settings.blur_probability, draws, seeds[2])
    return images
