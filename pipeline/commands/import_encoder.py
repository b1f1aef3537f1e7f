"""`micle import-encoder`."""

from typing import Any, cast

import click

from trainer.encoder_card import EncoderCard
from trainer.encoder_import import Layout, import_encoder
from trainer.errors import UserError
from trainer.settings import EncoderSettings

_TRAINED_ON: dict[str, str] = {
    "simclr": "ImageNet",
    "remedis": "medical images",
    "bit": "ImageNet-21k",
    "keras": "ImageNet",
}
_OPTIONS = {"width_multiplier": "--width", "image_size": "--image-size"}


def import_encoder_command(
    source: str,
    *,
    layout: str,
    architecture: str,
    width: float,
    image_size: int,
    trained_on: str | None,
    output: str,
) -> None:
    """Writes an encoder folder and says what a configuration must say to use it.

    Raises:
        UserError: The source cannot be read or does not fit the options.
    """
    values: dict[str, Any] = {"architecture": architecture, "width_multiplier": width}
    try:
        settings = EncoderSettings(**values, stem="imagenet", image_size=image_size)
    except ValueError as error:
        field, _, rest = str(error).partition(" ")
        raise UserError(f"{_OPTIONS.get(field, f'--{field}')} {rest}") from error
    imported = import_encoder(
        source,
        layout=cast(Layout, layout),
        settings=settings,
        output=output,
        trained_on=trained_on or _TRAINED_ON[layout],
    )
    click.echo(f"{output}: written. {_check(imported.difference)}")
    click.echo(_configuration(output, imported.card))


def _check(difference: float | None) -> str:
    if difference is None:
        return "The source holds no network that could be run to compare features."
    return f"Its features equal those of the source's own network (to {difference:.0e})."


def _configuration(output: str, card: EncoderCard) -> str:
    head = f"with a projection head of {card.projection_layers} layers"
    return (
        f"initial_encoder: {output}\n"
        f"encoder: {{architecture: {card.architecture}, width_multiplier: "
        f"{card.width_multiplier:g}, stem: {card.stem}, image_size: {card.image_size}}}  "
        f"# {head if card.projection_layers else 'without a projection head'}"
    )
