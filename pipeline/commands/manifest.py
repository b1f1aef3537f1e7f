"""`micle manifest`."""

import os
from pathlib import Path
from typing import cast

import click

from components.case_example_gen.pseudonym import read_key
from components.dataset_readers.catalogue import reader_named
from components.dataset_readers.file_report import FileReport
from components.dataset_readers.label_policy import (
    UNCERTAIN_POLICIES,
    LabelPolicy,
    UncertainPolicy,
    UnmentionedPolicy,
)
from components.dataset_readers.manifest_file import write_manifest
from components.dataset_readers.pseudonymous_rows import pseudonymous
from components.dataset_readers.reader import DatasetReader, ImageWriting, ReaderChoices
from components.dataset_readers.row_labels import LabelCounts, join_other_classes
from trainer.errors import UserError

_MAX_BAD_FRACTION = 0.01


def manifest_command(
    name: str,
    source: Path,
    output: Path,
    *,
    uncertain: str | None,
    exceptions: tuple[str, ...],
    unmentioned: str | None,
    classes: tuple[str, ...],
    official_split: bool,
    images: str | None,
    max_bad_fraction: float | None,
    processes: int | None,
    pseudonym_key_file: str | None,
) -> None:
    """Writes the manifest of a published layout, and a CSV of files left out if there are any.

    Raises:
        UserError: The source does not have that layout, an option does not fit the reader, or the
            key cannot be read.
    """
    reader = reader_named(name)
    card = reader.card
    _check_options(
        reader,
        {
            "--uncertain": (uncertain or exceptions, card.uncertain),
            "--unmentioned": (unmentioned, card.unmentioned),
            "--class": (classes, card.task == "multi_class"),
            "--official-split": (official_split, card.official_split),
            "--images": (images, card.writes_images),
            "--max-bad-fraction": (max_bad_fraction is not None, card.writes_images),
            "--processes": (processes, card.decodes_images),
        },
    )
    key = read_key(pseudonym_key_file) if pseudonym_key_file else None
    writing = None
    if card.writes_images:
        writing = _image_writing(output, images, max_bad_fraction, processes, key)
    choices = ReaderChoices(
        labels=LabelPolicy(
            uncertain=cast(UncertainPolicy, uncertain or "ignore"),
            uncertain_by_finding=_exceptions(reader, exceptions),
            unmentioned=cast(UnmentionedPolicy, unmentioned or "zeros"),
        ),
        official_split=official_split,
        writing=writing,
    )
    rows = reader.rows(source, choices)
    if classes:
        rows = join_other_classes(rows, classes)
    if key is not None:
        rows = pseudonymous(rows, key)
    labels = LabelCounts(reader.findings)
    count = write_manifest(reader, labels.watch(rows), output)
    if card.task != "unlabelled":
        for line in labels.lines():
            click.echo(line)
    if writing is not None:
        for line in writing.report.lines():
            click.echo(line)
    click.echo(f"{output}: {count} images. Name it in data.*.manifest, then run 'micle validate'.")


def _check_options(reader: DatasetReader, options: dict[str, tuple[object, object]]) -> None:
    """Refuses an option that is given but that this reader would ignore."""
    name = reader.card.name
    for option, (given, taken) in options.items():
        if given and not taken:
            raise UserError(
                f"{option}: {name} has no such thing ('micle datasets {name}'). "
                "Leave the option out."
            )


def _image_writing(
    output: Path,
    images: str | None,
    max_bad_fraction: float | None,
    processes: int | None,
    key: bytes | None,
) -> ImageWriting:
    """Places images and the list of files left out beside the manifest; an old list goes."""
    report = FileReport(
        output.with_name(f"{output.stem}_files.csv"),
        _MAX_BAD_FRACTION if max_bad_fraction is None else max_bad_fraction,
    )
    report.path.unlink(missing_ok=True)
    folder = Path(images) if images else output.with_name(f"{output.stem}_images")
    return ImageWriting(folder, report, processes or os.cpu_count() or 1, key)


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
