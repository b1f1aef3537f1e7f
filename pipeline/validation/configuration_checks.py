"""Checks a configuration's data, key, encoder and room in seconds, before any training."""

import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from components.case_example_gen.pseudonym import read_key
from components.slice_report.study_excerpt import read_study
from pipeline.configuration import Configuration, DataSection
from pipeline.validation.data_checks import validate_data
from pipeline.validation.findings import Finding, Summary, Validation
from pipeline.validation.pair_checks import check_pairs
from trainer.encoder_card import (
    PROJECTION_HEAD_WEIGHTS,
    WEIGHTS,
    check_encoder_fits,
    read_encoder_card,
)
from trainer.errors import UserError
from trainer.settings import EncoderSettings, FineTuneSettings

_DISK_FACTOR = 6
"""Artifacts of a run (examples, transformed, pairs) take about so many times the images' bytes."""


def validate(configuration: Configuration) -> Validation:
    """Checks every data set of a configuration, its key, and the room on the disk.

    Raises:
        UserError: A manifest cannot be read at all.
    """
    found = validate_data_sets(configuration)
    place = tuple(check_place(configuration, found.summaries))
    return Validation(found.findings + place, found.summaries)


def validate_data_sets(configuration: Configuration) -> Validation:
    """Checks every data set of a configuration, and what is asked of them; not this machine.

    Raises:
        UserError: A manifest cannot be read at all.
    """
    findings: list[Finding] = []
    summaries = {}
    data = configuration.data
    for name, settings in (("natural", data.natural), ("medical", data.medical)):
        if settings is None:
            continue
        # All labels of natural images are learnt, and nobody is told how well.
        is_medical = name == "medical"
        fraction = configuration.fine_tuning.label_fraction if is_medical else 1.0
        found, summary = validate_data(settings, fraction, is_medical)
        findings.extend(found)
        summaries[name] = summary
    findings.extend(_check_gate_sites(configuration, summaries["medical"].sites))
    steps = {f"pretraining.{number}": step for number, step in enumerate(configuration.pretraining)}
    findings.extend(check_pairs(steps, summaries["medical"]))
    return Validation(tuple(findings), summaries)


def check_place(
    configuration: Configuration, summaries: Mapping[str, Summary]
) -> Iterator[Finding]:
    """Yields what else a run on this machine lacks: its key, encoder, study, or room on the disk.

    Args:
        configuration: Of the run.
        summaries: What its data sets hold.
    """
    if configuration.data.pseudonym_key_file is not None:
        yield from _check_key(configuration.data.pseudonym_key_file)
    image_bytes = sum(summary.image_bytes for summary in summaries.values())
    yield from _check_disk(configuration.output_dir, image_bytes)
    if configuration.initial_encoder is not None:
        given = configuration.initial_encoder
        # A pretraining step leaves a head of its own; without one the given encoder must have it.
        head_for = None if configuration.pretraining else configuration.fine_tuning.training
        yield from check_encoder("initial_encoder", given, configuration.encoder, head_for)
    if configuration.study is not None:
        yield from _check_study(configuration.study, configuration.data)


def _check_gate_sites(configuration: Configuration, sites: Iterable[str]) -> Iterator[Finding]:
    known = sorted(sites)
    for site in configuration.gate.named_sites():
        if site not in known:
            message = f"gate: site={site}: no case of this site. There are: {', '.join(known)}."
            yield Finding("error", message)


def _check_key(path: str) -> Iterator[Finding]:
    try:
        read_key(path)
    except UserError as error:
        yield Finding("error", f"data.pseudonym_key_file: {error}")


def _check_disk(output_dir: str, image_bytes: int) -> Iterator[Finding]:
    path = Path(output_dir).absolute()
    existing = next(parent for parent in (path, *path.parents) if parent.exists())
    free = shutil.disk_usage(existing).free
    needed = _DISK_FACTOR * image_bytes + 200_000_000
    if free < needed:
        yield Finding(
            "error",
            f"{existing}: {free / 1e9:.1f} GB free, about {needed / 1e9:.1f} GB needed. "
            "Free some, or set output_dir to another disk.",
        )


def check_encoder(
    field: str, directory: str, settings: EncoderSettings, head_for: FineTuneSettings | None
) -> Iterator[Finding]:
    """Yields what keeps a ready encoder from being started from.

    Args:
        field: That names the encoder.
        directory: Of the encoder.
        settings: Of the network that is to be trained.
        head_for: Settings of a fine-tuning that comes next; None where it does not.
    """
    weights = Path(directory, WEIGHTS)
    if not weights.is_file():
        yield Finding("error", f"{field}: '{weights}' is not there.")
    try:
        check_encoder_fits(read_encoder_card(directory), settings, directory)
    except UserError as error:
        yield Finding("error", f"{field}: {error}")
    if head_for is None or head_for.features_from == "encoder":
        return
    if not Path(directory, PROJECTION_HEAD_WEIGHTS).is_file():
        yield Finding(
            "error",
            f"{field}: '{directory}' has no projection head, which features_from: "
            f"{head_for.features_from} needs. Give an encoder with one, or set features_from: "
            "encoder.",
        )


def _check_study(path: str, data: DataSection) -> Iterator[Finding]:
    try:
        read_study(path, data.labelled_task, data.medical.classes)
    except UserError as error:
        yield Finding("error", str(error))
