"""`micle manifest`."""

from pathlib import Path
from typing import cast

import click

from components.dataset_readers.catalogue import reader_named
from components.dataset_readers.label_policy import (
    UNCERTAIN_POLICIES,
    LabelPolicy,
    UncertainPolicy,
    UnmentionedPolicy,
)
from components.dataset_readers.manifest_file import write_manifest
from components.dataset_readers.reader import DatasetReader, ReaderChoices
from trainer.errors import UserError


def manifest_command(
    name: str,
    source: Path,
    output: Path,
    *,
    uncertain: str | None,
    exceptions: tuple[str, ...],
    unmentioned: str | None,
    official_split: bool,
) -> None:
    """Writes the manifest of a published layout.

    Raises:
        UserError: The source does not have that layout, or an option does not fit the reader.
    """
    reader = reader_named(name)
    _check_options(reader, uncertain or exceptions, unmentioned, official_split)
    choices = ReaderChoices(
        labels=LabelPolicy(
            uncertain=cast(UncertainPolicy, uncertain or "ignore"),
            uncertain_by_finding=_exceptions(reader, exceptions),
            unmentioned=cast(UnmentionedPolicy, unmentioned or "zeros"),
        ),
        official_split=official_split,
    )
    count = write_manifest(reader, reader.rows(source, choices), output)
    click.echo(f"{output}: {count} images. Name it in data.*.manifest, then run 'micle validate'.")


def _check_options(
    reader: DatasetReader, uncertain: object, unmentioned: object, official_split: bool
) -> None:
    """Refuses an option that this reader would ignore."""
    card = reader.card
    for option, given, taken in (
        ("--uncertain", uncertain, card.uncertain),
        ("--unmentioned", unmentioned, card.unmentioned),
        ("--official-split", official_split, card.official_split),
    ):
        if given and not taken:
            raise UserError(
                f"{option}: {card.name} has no such thing ('micle datasets {card.name}'). "
                "Leave the option out."
            )


def _exceptions(reader: DatasetReader, texts: tuple[str, ...]) -> dict[str, UncertainPolicy]:
    policies = {}
    for text in texts:
        finding, _, policy = text.rpartition("=")
        if finding not in reader.findings or policy not in UNCERTAIN_POLICIES:
            raise UserError(
                f"--uncertain-finding: '{text}' is not FINDING=POLICY, with a finding out of "
                f"{', '.join(reader.findings)} and a policy out of {', '.join(UNCERTAIN_POLICIES)}."
            )
        policies[finding] = cast(UncertainPolicy, policy)
    return policies
