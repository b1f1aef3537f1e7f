"""A trained encoder on disk: its weights and a card that says where they come from."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import keras

from trainer.encoders import build_encoder
from trainer.errors import UserError
from trainer.settings import Architecture, EncoderSettings, Stem

WEIGHTS = "encoder.weights.h5"
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
        pixel_mean: Of the last training's images, in [0, 1].
        pixel_std: Standard deviation of the same.
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
    parent: "EncoderCard | None" = None


def save_encoder(directory: str, encoder: keras.Model, card: EncoderCard) -> None:
    """Writes `encoder.weights.h5` and `encoder.json` into a directory, made if need be."""
    Path(directory).mkdir(parents=True, exist_ok=True)
    encoder.save_weights(Path(directory, WEIGHTS))
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
