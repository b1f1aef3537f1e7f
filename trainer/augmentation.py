"""Random views of a batch of images, as operations of the training graph."""

from collections.abc import Callable

import tensorflow as tf

from trainer.colour_augmentation import change_colours, drop_colour
from trainer.gaussian_blur import blur
from trainer.geometric_augmentation import crop_and_turn
from trainer.histogram_equalisation import equalise_histograms
from trainer.settings import AugmentationSettings
from trainer.view_parameters import ViewParameters, draw_parameters

Operation = Callable[[tf.Tensor], tf.Tensor]


def augment(
    images: tf.Tensor,
    settings: AugmentationSettings,
    seed: tf.Tensor,
    *,
    rows: tf.Tensor | None = None,
    row_count: tf.Tensor | int | None = None,
    compiled: bool = False,
) -> tf.Tensor:
    """Makes one random view of each image (SimCLR appendix A; medical changes: paper section 4).

    In this order: histogram equalisation, crop, flips and rotation, colours, grey, blur. What
    the settings switch off is not computed. A view depends on the image, the seed, the image's
    row and `row_count` only, not on which other images are there: the views of a slice of a
    global batch are the same slice of the global batch's views.

    Args:
        images: float32 [n, side, side, 3] in [0, 1].
        settings: Ranges, strengths and probabilities.
        seed: int [2], such as the training's seed and the step; the same seed gives the same
            views.
        rows: int [n], number of each image in the global batch; 0 to n - 1 by default.
        row_count: Images in the global batch; n by default.
        compiled: Compile with XLA: half the time or less, but seconds for each new n.

    Returns:
        float32 [n, side, side, 3] in [0, 1].
    """
    count = tf.shape(images)[0] if row_count is None else row_count
    parameters = draw_parameters(settings, seed, count, rows)
    if settings.equalise_probability > 0:
        images = equalise_histograms(images, parameters.equalised)
    run = _run_compiled if compiled else _run
    # Two programs, because XLA would compute the resampling anew for each mean of the contrast.
    planes = run(lambda pixels: crop_and_turn(pixels, settings, parameters), images)
    return run(lambda pixels: _change_appearance(pixels, settings, parameters), planes)


def _change_appearance(
    planes: tf.Tensor, settings: AugmentationSettings, parameters: ViewParameters
) -> tf.Tensor:
    """Takes float32 [n, 3, side, side], returns [n, side, side, 3]."""
    if settings.colour_strength > 0 and settings.colour_probability > 0:
        planes = change_colours(planes, parameters)
    if settings.grayscale_probability > 0:
        planes = drop_colour(planes, parameters.grey)
    if settings.blur_probability > 0:
        planes = blur(planes, parameters.sigma * planes.shape[2])
    return tf.transpose(planes, [0, 2, 3, 1])


def _run(operation: Operation, images: tf.Tensor) -> tf.Tensor:
    return operation(images)


def _run_compiled(operation: Operation, images: tf.Tensor) -> tf.Tensor:
    return tf.function(operation, jit_compile=True, autograph=False)(images)
