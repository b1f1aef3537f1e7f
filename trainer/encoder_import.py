"""Import of published weights as an encoder that a training can start from."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from trainer import published_bit, published_keras, published_simclr
from trainer.encoder_artifact import save_encoder
from trainer.encoder_card import CARD, EncoderCard, Method
from trainer.encoders import build_encoder, feature_count
from trainer.errors import UserError
from trainer.keras_application_encoder import PIXEL_MEAN, PIXEL_STD
from trainer.projection_head import build_projection_head
from trainer.published_variables import PublishedVariables, assign_layers
from trainer.settings import Architecture, EncoderSettings

logger = logging.getLogger("micle.encoder_import")

Layout = Literal["simclr", "remedis", "bit", "keras"]

_ARCHITECTURES: dict[Layout, tuple[Architecture, ...]] = {
    "simclr": published_simclr.ARCHITECTURES,
    "remedis": (*published_bit.ARCHITECTURES, *published_simclr.ARCHITECTURES),
    "bit": published_bit.ARCHITECTURES,
    "keras": published_keras.ARCHITECTURES,
}
_METHODS: dict[Layout, Method] = {
    "simclr": "published_simclr",
    "remedis": "published_remedis",
    "bit": "supervised",
    "keras": "supervised",
}
_TOLERANCE = 1e-3
"""Largest difference of features, as a share of the largest feature."""


@dataclass(frozen=True)
class Normalisation:
    """Mean and deviation of red, green, blue in [0, 1] that a network was trained with."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    def __call__(self, pixels: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Normalises float32 [n, side, side, 3] in [0, 1]."""
        return ((pixels - np.array(self.mean)) / np.array(self.std)).astype(np.float32)


_UNIT_RANGE = Normalisation(published_simclr.PIXEL_MEAN, published_simclr.PIXEL_STD)
_SIGNED_RANGE = Normalisation(published_bit.PIXEL_MEAN, published_bit.PIXEL_STD)
_TWICE_SIGNED = Normalisation((0.75, 0.75, 0.75), (0.25, 0.25, 0.25))
"""REMEDIS' code maps [0, 1] to [-1, 1] before a module that may do so once more."""


@dataclass(frozen=True)
class ImportedEncoder:
    """What an import wrote.

    Attributes:
        card: Of the encoder.
        difference: Largest difference between its features and those of the network that the
            source itself holds, as a share of the largest feature; None where it holds none
            that can be run.
    """

    card: EncoderCard
    difference: float | None


def import_encoder(
    source: str, *, layout: Layout, settings: EncoderSettings, output: str, trained_on: str
) -> ImportedEncoder:
    """Writes published weights as an encoder folder; the projection head too, if it is there.

    Where the source is a SavedModel that can be called, its features of random pixels are
    compared with the imported encoder's, which also decides how pixels are normalised.

    Args:
        source: A checkpoint, SavedModel, `.npz`, `.h5` or `.keras` file; for `keras` also
            `imagenet`.
        layout: Whose code made it.
        settings: What network it holds; `image_size` is that of its training.
        output: Folder to write.
        trained_on: A name of its training's data for a person.

    Raises:
        UserError: The source cannot be read or holds another network, or the output already
            holds an encoder.
    """
    if settings.architecture not in _ARCHITECTURES[layout]:
        raise UserError(
            f"--architecture {settings.architecture}: layout {layout} holds "
            f"{', '.join(_ARCHITECTURES[layout])}."
        )
    if Path(output, CARD).exists():
        raise UserError(f"{output}: there is an encoder already. Give another folder.")
    if source != published_keras.DOWNLOAD and not _exists(source):
        raise UserError(f"{source}: there is no such file, folder or checkpoint.")
    if layout == "keras":
        encoder = build_encoder(settings)
        published_keras.load_application_weights(encoder, source, settings)
        normalisation = Normalisation(PIXEL_MEAN, PIXEL_STD)
        head, difference = None, None
    else:
        variables = PublishedVariables(source)
        encoder = _encoder(variables, settings)
        head = _projection_head(variables, settings)
        normalisation, difference = _compared(source, encoder, settings)
    card = EncoderCard(
        architecture=settings.architecture,
        width_multiplier=settings.width_multiplier,
        stem=settings.stem,
        image_size=settings.image_size,
        pixel_mean=normalisation.mean,
        pixel_std=normalisation.std,
        method=_METHODS[layout],
        trained_on=trained_on,
        projection_layers=None if head is None else _dense_layers(head),
        projection_size=None if head is None else head.output_shape[-1],
    )
    save_encoder(output, encoder, card, head)
    return ImportedEncoder(card, difference)


def _exists(source: str) -> bool:
    return Path(source).exists() or Path(f"{source}.index").exists()


def _encoder(variables: PublishedVariables, settings: EncoderSettings) -> keras.Model:
    bit = settings.architecture in published_bit.ARCHITECTURES
    layers = (published_bit.bit_layers if bit else published_simclr.simclr_layers)(
        variables, settings
    )
    encoder = build_encoder(settings)
    assign_layers(encoder, variables, layers)
    return encoder


def _projection_head(
    variables: PublishedVariables, settings: EncoderSettings
) -> keras.Model | None:
    layers = published_simclr.projection_head_layers(variables)
    if not layers:
        return None
    count = len(layers) // 2
    (last_kernel,) = layers[f"layer{count}.dense"]
    head = build_projection_head(
        feature_count(settings.architecture, settings.width_multiplier),
        layers=count,
        projection_size=variables.shapes[str(last_kernel)][-1],
    )
    assign_layers(head, variables, layers)
    return head


def _dense_layers(head: keras.Model) -> int:
    return sum(isinstance(layer, keras.layers.Dense) for layer in head.layers)


def _compared(
    source: str, encoder: keras.Model, settings: EncoderSettings
) -> tuple[Normalisation, float | None]:
    """Finds how pixels are normalised, by the features of the source's own network."""
    choices: Sequence[Normalisation] = (_UNIT_RANGE,)
    if settings.architecture in published_bit.ARCHITECTURES:
        choices = (_SIGNED_RANGE, _TWICE_SIGNED, _UNIT_RANGE)
    shape = (2, settings.image_size, settings.image_size, 3)
    pixels = np.random.default_rng(0).uniform(size=shape).astype(np.float32)
    expected = _own_features(source, pixels)
    if expected is None:
        return choices[0], None
    if expected.shape != (2, encoder.output_shape[-1]):
        raise UserError(
            f"{source}: the network in it gives {expected.shape[1:]} numbers for an image, not "
            f"{encoder.output_shape[-1]}. It is not the published network of this layout."
        )
    differences = [
        float(np.abs(encoder(choice(pixels), training=False) - expected).max())
        / float(np.abs(expected).max())
        for choice in choices
    ]
    best = int(np.argmin(differences))
    if differences[best] > _TOLERANCE:
        raise UserError(
            f"{source}: the network in it gives other features than the imported weights do (by "
            f"{differences[best]:.1%}). It is not the published network of this layout."
        )
    return choices[best], differences[best]


def _own_features(source: str, pixels: npt.NDArray[np.float32]) -> npt.NDArray[np.float32] | None:
    """Runs a SavedModel of TensorFlow 2; None where the source is none, or cannot be run."""
    if not Path(source, "saved_model.pb").is_file():
        return None
    images = tf.constant(pixels)
    try:
        module = tf.saved_model.load(source)
        try:
            outputs: Any = module(images, trainable=False)  # As SimCLR's are called.
        except (TypeError, ValueError):
            outputs = module(images)  # As REMEDIS' are called.
    except (OSError, TypeError, ValueError, KeyError, tf.errors.OpError) as error:
        reason = " ".join(str(error).split())[:200]
        logger.warning("%s: its own network cannot be run: %s", source, reason)
        return None
    if isinstance(outputs, dict):
        outputs = outputs.get("final_avg_pool", outputs.get("pre_logits"))
    features = np.asarray(outputs)
    return features.mean(axis=(1, 2)) if features.ndim == 4 else features
