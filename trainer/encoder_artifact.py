"""A trained encoder on disk: its weights, its projection head, and a card of its origin."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import keras

from trainer.case_records import PixelStatistics
from trainer.encoders import build_encoder, feature_count
from trainer.errors import UserError
from trainer.projection_head import build_projection_head
from trainer.settings import Architecture, EncoderSettings, Stem

WEIGHTS = "encoder.weights.h5"
PROJECTION_HEAD_WEIGHTS = "projection_head.weights.h5"
CARD = "encoder.json"

Method = Literal["simclr", "micle"]
_METHOD_NAMES: dict[Method, str] = {"simclr": "SimCLR", "micle": "MICLe"}


@dataclass(frozen=True)
class EncoderCard:
    """What an encoder is and how it came about.

    Attributes:
        architecture: As in `EncoderSettings`.
        width_multiplier: As in `EncoderSettings`.
        stem: As in `EncoderSettings`.
        image_size: Side of the images of the last training, pixels.
        pixel_mean: What the encoder subtracts from pixels in [0, 1]: that of the first training's
            images, kept by every later one.
        pixel_std: What it then divides by.
        method: How it was trained last.
        steps: Optimizer steps of the last training.
        epochs: Passes over the images or cases.
        pairs_seen: Positive pairs shown, `steps` times `batch_size`.
        final_loss: NT-Xent of the last step.
        temperature: Of NT-Xent.
        batch_size: Pairs per step.
        seed: Of the last training.
        data_fingerprint: Of the last training's data.
        trained_on: A name of these data for a person: `natural images`.
        projection_layers: Dense layers of the projection head beside it; None without one.
        projection_size: Length of that head's vectors; None without one.
        parent: The encoder that the last training started from; None for random weights.
    """

    architecture: Architecture
    width_multiplier: float
    stem: Stem
    image_size: int
    pixel_mean: tuple[float, ...]
    pixel_std: tuple[float, ...]
    method: Method
    steps: int
    epochs: int
    pairs_seen: int
    final_loss: float
    temperature: float
    batch_size: int
    seed: int
    data_fingerprint: str
    trained_on: str
    projection_layers: int | None = None
    projection_size: int | None = None
    parent: "EncoderCard | None" = None


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
    Path(directory, CARD).write_text(json.dumps(dataclasses.asdict(card), indent=2) + "\n")


def read_encoder_card(directory: str) -> EncoderCard:
    """Reads the card of an encoder directory.

    Raises:
        UserError: There is none.
    """
    path = Path(directory, CARD)
    if not path.is_file():
        raise UserError(f"{path}: there is no such file. Give the folder of a trained encoder.")
    return _card_of(json.loads(path.read_text()))


def _card_of(values: dict) -> EncoderCard:
    parent = values.pop("parent")
    for name in ("pixel_mean", "pixel_std"):
        values[name] = tuple(values[name])
    return EncoderCard(**values, parent=_card_of(parent) if parent else None)


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
        settings: What the encoder must be; only its image size may differ from the given one.
        initial_encoder: Directory of a trained encoder; None for random weights.
        seed: Of the random weights.

    Returns:
        The encoder and its card; no card for random weights.

    Raises:
        UserError: The given encoder has another architecture, width or stem.
    """
    if initial_encoder is None:
        return build_encoder(settings, seed=seed), None
    card = read_encoder_card(initial_encoder)
    for name in ("architecture", "width_multiplier", "stem"):
        expected, received = getattr(settings, name), getattr(card, name)
        if expected != received:
            raise UserError(
                f"{initial_encoder}: encoder.{name} is {expected} in the configuration, but the "
                f"given encoder has {received}. Set encoder.{name}: {received}, or give another."
            )
    return load_encoder(initial_encoder, image_size=settings.image_size)


def lineage(card: EncoderCard | None) -> tuple[str, ...]:
    """Says step by step, oldest first, what an encoder was trained on; for a person."""
    if card is None:
        return ()
    sentence = (
        f"{_METHOD_NAMES[card.method]} on {card.trained_on}, "
        f"{card.steps} steps of {card.batch_size} pairs"
    )
    return (*lineage(card.parent), sentence)
