"""The card of a trained encoder: what it is, where it comes from, and what it fits."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from trainer.errors import UserError
from trainer.settings import Architecture, EncoderSettings, Stem

CARD = "encoder.json"
WEIGHTS = "encoder.weights.h5"
PROJECTION_HEAD_WEIGHTS = "projection_head.weights.h5"

Method = Literal[
    "simclr",
    "micle",
    "supervised_pretraining",
    "published_simclr",
    "published_remedis",
    "supervised",
]
"""The first three are this pipeline's own trainings, the others are imported weights."""

_SENTENCES: dict[Method, str] = {
    "simclr": "SimCLR on {data}, {steps} steps of {pairs} pairs",
    "micle": "MICLe on {data}, {steps} steps of {pairs} pairs",
    "supervised_pretraining": "supervised training on {data}, {steps} steps of {pairs} images",
    "published_simclr": "SimCLR on {data}, imported as published",
    "published_remedis": "REMEDIS (BiT, then SimCLR) on {data}, imported as published",
    "supervised": "supervised training on {data}, imported",
}


@dataclass(frozen=True)
class EncoderCard:
    """What an encoder is and how it came about.

    What an import cannot know is None.

    Attributes:
        architecture: As in `EncoderSettings`.
        width_multiplier: As in `EncoderSettings`.
        stem: As in `EncoderSettings`.
        image_size: Side of the images of the last training, pixels.
        pixel_mean: What the encoder subtracts from pixels in [0, 1]: that of the first training's
            images, kept by every later one.
        pixel_std: What it then divides by.
        method: How it was trained last.
        trained_on: A name of the last training's data for a person: `natural images`.
        steps: Optimizer steps of the last training.
        epochs: Passes over the images or cases.
        pairs_seen: Positive pairs shown, `steps` times `batch_size`.
        final_loss: NT-Xent of the last step.
        temperature: Of NT-Xent.
        batch_size: Pairs, or images where labels were learnt, per step.
        seed: Of the last training.
        data_fingerprint: Of the last training's data.
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
    trained_on: str
    steps: int | None = None
    epochs: int | None = None
    pairs_seen: int | None = None
    final_loss: float | None = None
    temperature: float | None = None
    batch_size: int | None = None
    seed: int | None = None
    data_fingerprint: str | None = None
    projection_layers: int | None = None
    projection_size: int | None = None
    parent: "EncoderCard | None" = None


def write_encoder_card(directory: str, card: EncoderCard) -> None:
    """Writes `encoder.json` into an existing directory."""
    Path(directory, CARD).write_text(json.dumps(dataclasses.asdict(card), indent=2) + "\n")


def read_encoder_card(directory: str) -> EncoderCard:
    """Reads the card of an encoder directory.

    Raises:
        UserError: There is none, or it is not one of this version.
    """
    path = Path(directory, CARD)
    if not path.is_file():
        raise UserError(f"{path}: there is no such file. Give the folder of a trained encoder.")
    try:
        return _card_of(json.loads(path.read_text()))
    except (TypeError, KeyError, ValueError) as error:
        raise UserError(
            f"{path}: not the card of an encoder of this version. Train or import it anew."
        ) from error


def _card_of(values: dict) -> EncoderCard:
    parent = values.pop("parent")
    for name in ("pixel_mean", "pixel_std"):
        values[name] = tuple(values[name])
    return EncoderCard(**values, parent=_card_of(parent) if parent else None)


def check_encoder_fits(card: EncoderCard, settings: EncoderSettings, directory: str) -> None:
    """Compares a given encoder with the one that is configured.

    Args:
        card: Of the given encoder.
        settings: Of the configured encoder.
        directory: Of the given encoder, for the message.

    Raises:
        UserError: It is another network, or was trained at another image size than the
            configuration says; with what fits.
    """
    for name in ("architecture", "width_multiplier", "stem"):
        expected, received = getattr(settings, name), getattr(card, name)
        if expected != received:
            raise UserError(
                f"{directory}: encoder.{name} is {expected} in the configuration, but the "
                f"given encoder has {received}. Set encoder.{name}: {received}, or give another."
            )
    if card.image_size not in (settings.image_size, settings.initial_image_size):
        raise UserError(
            f"{directory}: the given encoder was trained at {card.image_size} pixels, "
            f"encoder.image_size is {settings.image_size}. Set encoder.image_size: "
            f"{card.image_size}, or, if another size is meant, add "
            f"encoder.initial_image_size: {card.image_size}."
        )


def lineage(card: EncoderCard | None) -> tuple[str, ...]:
    """Says step by step, oldest first, what an encoder was trained on; for a person."""
    if card is None:
        return ()
    sentence = _SENTENCES[card.method].format(
        data=card.trained_on, steps=card.steps, pairs=card.batch_size
    )
    return (*lineage(card.parent), sentence)
