"""The random numbers of a batch of views: one row for each image of the whole global batch."""

from dataclasses import dataclass, fields

import tensorflow as tf


@dataclass(frozen=True)
class ViewDraws:
    """Independent draws of each image, one field for each decision; float32 [n] within 0..1.

    Attributes:
        area: Share of the image that the crop keeps.
        aspect: Width to height of the crop.
        left: Position of the crop from left to right.
        top: Position of the crop from top to bottom.
        horizontal_flip: Whether left and right change places.
        vertical_flip: Whether top and bottom change places.
        angle: Of the rotation.
        colour: Whether the colours change.
        brightness: Factor of the brightness.
        contrast: Factor of the contrast.
        saturation: Factor of the saturation.
        hue: Turn of the hue.
        grayscale: Whether colour is dropped.
        blur: Whether the image is blurred.
    """

    area: tf.Tensor
    aspect: tf.Tensor
    left: tf.Tensor
    top: tf.Tensor
    horizontal_flip: tf.Tensor
    vertical_flip: tf.Tensor
    angle: tf.Tensor
    colour: tf.Tensor
    brightness: tf.Tensor
    contrast: tf.Tensor
    saturation: tf.Tensor
    hue: tf.Tensor
    grayscale: tf.Tensor
    blur: tf.Tensor


def draw_views(seed: tf.Tensor, row_count: tf.Tensor | int, rows: tf.Tensor | None) -> ViewDraws:
    """Draws for a whole global batch and keeps the rows of some images.

    Every draw of an image is in its row, so a replica that holds a slice of the batch makes the
    views that one device would make. Philox gives the same numbers on every kind of device.

    Args:
        seed: int [2].
        row_count: Images in the global batch.
        rows: int [n], their numbers in it; None keeps all.
    """
    table = tf.random.stateless_uniform([row_count, len(fields(ViewDraws))], seed, alg="philox")
    if rows is not None:
        table = tf.gather(table, rows)
    return ViewDraws(*tf.unstack(table, axis=1))
