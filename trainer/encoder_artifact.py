"""A trained encoder on disk: its weights, its projection head, and a card of its origin."""

import dataclasses
from pathlib import Path

import keras

from trainer.case_records import PixelStatistics
from trainer.encoder_card import (
    PROJECTION_HEAD_WEIGHTS,
    WEIGHTS,
    EncoderCard,
    check_encoder_fits,
    read_encoder_card,
    write_encoder_card,
)
from trainer.encoders import build_encoder, feature_count
from trainer.errors import UserError
from trainer.projection_head import build_projection_head
from trainer.settings import EncoderSettings


def save_encoder(
    directory: str,
    encoder: keras.Model,
    card: EncoderCard,
    projection_head: keras.Model | None = None,
) -> None:
    """Writes an encoder into a directory, made if need be.

    Args:
        directory: Gets `encoder.weights.h5`, `encoder.json` and, with a head,
            `projection_head.weights.h5`.
        encoder: The network.
        card: What it is; its fields about the head say what `projection_head` is.
        projection_head: What contrastive pretraining put on the encoder.

    Raises:
        ValueError: There is a head and the card tells of none, or the other way round.
    """
    if (projection_head is None) != (card.projection_layers is None):
        raise ValueError("projection_layers of the card and projection_head: give both, or none.")
    Path(directory).mkdir(parents=True, exist_ok=True)
    encoder.save_weights(Path(directory, WEIGHTS))
    if projection_head is not None:
        projection_head.save_weights(Path(directory, PROJECTION_HEAD_WEIGHTS))
    write_encoder_card(directory, card)


def load_encoder(
    directory: str, *, image_size: int | None = None
) -> tuple[keras.Model, EncoderCard]:
    """Builds an encoder with the weights of a directory.

    Args:
        directory: What `save_encoder` wrote.
        image_size: Side of the images that it will be given, where not that of its training.

    Returns:
        The encoder and its card.

    Raises:
        UserError: The directory holds no encoder.
    """
    card = read_encoder_card(directory)
    settings = EncoderSettings(
        architecture=card.architecture,
        width_multiplier=card.width_multiplier,
        stem=card.stem,
        image_size=image_size or card.image_size,
    )
    encoder = build_encoder(settings)
    encoder.load_weights(Path(directory, WEIGHTS))
    return encoder, card


def load_projection_head(directory: str) -> keras.Model:
    """Builds the projection head that lies beside an encoder.

    Args:
        directory: What `save_encoder` wrote.

    Returns:
        A model from float32 [n, features] to float32 [n, projection_size].

    Raises:
        UserError: The directory holds no encoder, or one without a projection head.
    """
    card = read_encoder_card(directory)
    if card.projection_layers is None or card.projection_size is None:
        raise UserError(
            f"{directory}: this encoder has no projection head. Give one that this pipeline "
            "pretrained or a published one of SimCLR, or go on from the encoder's features."
        )
    head = build_projection_head(
        feature_count(card.architecture, card.width_multiplier),
        layers=card.projection_layers,
        projection_size=card.projection_size,
    )
    head.load_weights(Path(directory, PROJECTION_HEAD_WEIGHTS))
    return head


def encoder_normalisation(card: EncoderCard | None, data: PixelStatistics) -> PixelStatistics:
    """Decides how pixels are normalised: as the encoder learnt it, from its first training on.

    A published or frozen encoder is only right with what it was trained on; so the data's own
    mean and deviation count for random weights alone.

    Args:
        card: Of the encoder that a training starts from; None for random weights.
        data: Statistics of the training's images.

    Returns:
        The statistics to normalise by; `image_size` stays the data's.
    """
    if card is None:
        return data
    return dataclasses.replace(data, mean=card.pixel_mean, std=card.pixel_std)


def initial_encoder_of(
    settings: EncoderSettings, initial_encoder: str | None, *, seed: int
) -> tuple[keras.Model, EncoderCard | None]:
    """Builds the encoder that a training starts from.

    Args:
        settings: What the encoder must be.
        initial_encoder: Directory of a trained encoder; None for random weights.
        seed: Of the random weights.

    Returns:
        The encoder and its card; no card for random weights.

    Raises:
        UserError: The given encoder is another network, or of another image size.
    """
    if initial_encoder is None:
        return build_encoder(settings, seed=seed), None
    card = read_encoder_card(initial_encoder)
    check_encoder_fits(card, settings, initial_encoder)
    return load_encoder(initial_encoder, image_size=settings.image_size)
