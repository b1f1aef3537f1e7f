"""Embeds images with an encoder, batch by batch, in inference mode."""

from collections.abc import Callable, Sequence

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from trainer.case_records import PixelStatistics, decode_image, to_unit_range

_BATCH_SIZE = 64


class Embedder:
    """One encoder, compiled once; its weights may change between calls."""

    def __init__(self, encoder: keras.Model, statistics: PixelStatistics) -> None:
        """Compiles.

        Args:
            encoder: From normalised images to features.
            statistics: By which its pixels are normalised, and the images' side.
        """
        side = statistics.image_size
        signature = [tf.TensorSpec([None, side, side, 3], tf.uint8)]

        @tf.function(input_signature=signature, autograph=False)
        def embed(images: tf.Tensor) -> tf.Tensor:
            normalised = (to_unit_range(images) - statistics.mean) / statistics.std
            return encoder(normalised, training=False)

        self.encoder = encoder
        self._embed: Callable[[tf.Tensor], tf.Tensor] = embed

    def images(self, images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Returns features, float32 [n, d], of uint8 [n, side, side, 3]."""
        parts = (images[start : start + _BATCH_SIZE] for start in _starts(len(images)))
        return np.concatenate([self._embed(part).numpy() for part in parts])

    def encoded(self, images: Sequence[bytes]) -> npt.NDArray[np.float32]:
        """Returns features, float32 [n, d], of JPEGs; one batch at a time is decoded."""
        parts = (images[start : start + _BATCH_SIZE] for start in _starts(len(images)))
        decoded = (tf.stack([decode_image(image) for image in part]) for part in parts)
        return np.concatenate([self._embed(part).numpy() for part in decoded])


def _starts(count: int) -> range:
    return range(0, count, _BATCH_SIZE)
