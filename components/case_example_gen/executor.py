"""Runs the ingestion and writes its examples and its report."""

import dataclasses
import json
from typing import Any

import apache_beam as beam
import tensorflow as tf
from tfx import types
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.types import artifact_utils

from components.case_example_gen.ingestion import Ingestion, ingest
from components.case_example_gen.ingestion_report import (
    FIRST_QUARANTINED,
    REPORT,
    SOUND,
    ConversionCount,
    IngestionReport,
    QuarantineCount,
    QuarantinedImage,
    ReceivedCount,
    SplitCount,
    TextCount,
    read_ingestion_report,
)
from components.case_example_gen.pseudonym import read_key
from components.case_example_gen.settings import DataSettings, read_settings
from components.case_example_gen.shards import write_shards
from components.case_example_gen.shared_images import write_shared_images
from schemas import case_features
from trainer.errors import UserError


class Executor(BaseBeamExecutor):
    """Executor of `CaseExampleGen`."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes `Split-<name>/cases-*.gz`; `ingestion_report.json`, and what lies beside it.

        Raises:
            UserError: Too many images are bad, no case is left to train on, or the pseudonym key
                cannot be read.
        """
        del input_dict
        data = dataclasses.replace(
            read_settings(exec_properties["data"]), manifest=exec_properties["manifest"]
        )
        examples = artifact_utils.get_single_instance(output_dict["examples"])
        report_artifact = artifact_utils.get_single_instance(output_dict["ingestion_report"])
        key_file = exec_properties["pseudonym_key_file"]
        # Before any image is read.
        read_key(key_file)

        with self._make_beam_pipeline() as pipeline:
            ingestion = ingest(pipeline, data)
            write_shards(ingestion.placed, ingestion.bytes_per_image, data, key_file, examples.uri)
            write_report(ingestion, pipeline, report_artifact.uri)
            write_shared_images(ingestion.shared, key_file, report_artifact.uri)
        report = read_ingestion_report(report_artifact.uri)
        kept = f"{report_artifact.uri}-refused"
        try:
            check_report(report, data, kept)
        except UserError:
            _keep_list(report_artifact.uri, kept)
            raise
        splits = {count.split for count in report.counts}
        examples.split_names = artifact_utils.encode_split_names(
            [split for split in case_features.SPLITS if split in splits]
        )


def write_report(ingestion: Ingestion, pipeline: beam.Pipeline, directory: str) -> None:
    """Writes every quarantined image as a line, and `ingestion_report.json` with the figures.

    The report grows with sites and reasons, not with the images.
    """
    quarantined = ingestion.quarantined
    _ = (
        quarantined
        | "AsLines" >> beam.Map(_line)
        | "WriteQuarantined"
        >> beam.io.WriteToText(f"{directory}/quarantined", file_name_suffix=".jsonl")
    )
    counts = (
        quarantined
        | "ReasonAndSite" >> beam.Map(_reason_and_site)
        | "CountQuarantined" >> beam.combiners.Count.PerElement()
    )
    converted = ingestion.converted | "CountConverted" >> beam.combiners.Count.PerElement()
    text_in_pixels = (
        ingestion.text_in_pixels | "CountTextInPixels" >> beam.combiners.Count.PerElement()
    )
    first = quarantined | "FirstQuarantined" >> beam.CombineGlobally(
        beam.combiners.TopCombineFn(FIRST_QUARANTINED, key=_row, reverse=True)
    )
    _ = (
        pipeline
        | "Directory" >> beam.Create([directory])
        | "WriteReport"
        >> beam.Map(
            _write_report,
            beam.pvalue.AsList(counts),
            beam.pvalue.AsList(converted),
            beam.pvalue.AsList(text_in_pixels),
            beam.pvalue.AsSingleton(first),
            beam.pvalue.AsList(ingestion.counts),
            beam.pvalue.AsSingleton(ingestion.received_images),
            beam.pvalue.AsSingleton(ingestion.received_cases),
            beam.pvalue.AsSingleton(ingestion.kept_cases),
            beam.pvalue.AsSingleton(ingestion.received_patients),
            beam.pvalue.AsSingleton(ingestion.kept_patients),
            beam.pvalue.AsList(ingestion.received),
        )
    )


def _line(image: QuarantinedImage) -> str:
    return json.dumps(dataclasses.asdict(image))


def _reason_and_site(image: QuarantinedImage) -> tuple[str, str]:
    return image.reason, image.site


def _row(image: QuarantinedImage) -> int:
    return image.row


def _write_report(
    directory: str,
    quarantined: list[tuple[tuple[str, str], int]],
    converted: list[tuple[tuple[str, str], int]],
    text_in_pixels: list[tuple[str, int]],
    first_quarantined: list[QuarantinedImage],
    counts: list[SplitCount],
    received_images: int,
    received_cases: int,
    kept_cases: int,
    received_patients: int,
    kept_patients: int,
    received: list[ReceivedCount],
) -> None:
    IngestionReport(
        received_images=received_images,
        received_cases=received_cases,
        quarantined=tuple(
            QuarantineCount(reason, site, images) for (reason, site), images in sorted(quarantined)
        ),
        first_quarantined=tuple(first_quarantined),
        lost_cases=received_cases - kept_cases,
        counts=tuple(sorted(counts, key=lambda count: (count.site, count.split))),
        received_patients=received_patients,
        kept_patients=kept_patients,
        converted=tuple(
            ConversionCount(change, site, images) for (change, site), images in sorted(converted)
        ),
        received=tuple(sorted(received, key=lambda count: count.site)),
        text_in_pixels=tuple(TextCount(site, images) for site, images in sorted(text_in_pixels)),
    ).write(directory)


def _keep_list(directory: str, kept: str) -> None:
    """Copies what says which images to mend, since a failed step's output is deleted."""
    tf.io.gfile.makedirs(kept)
    for name in (REPORT, "quarantined-*"):
        for file in tf.io.gfile.glob(f"{directory}/{name}"):
            tf.io.gfile.copy(file, f"{kept}/{file.rpartition('/')[2]}", overwrite=True)


def check_report(report: IngestionReport, data: DataSettings, kept: str) -> None:
    """Stops the run where the data cannot be trusted.

    Args:
        report: Of the ingestion.
        data: What was asked.
        kept: Where the list of what was left out can be read then.

    Raises:
        UserError: More than `max_bad_fraction` of the images are bad, none is left, or a held-out
            site has no case: then its name may be another one, and it was trained on.
    """
    if report.bad_fraction > data.max_bad_fraction:
        bad = (image for image in report.first_quarantined if image.reason not in SOUND)
        worst = next(bad, report.first_quarantined[0])
        of = f" of {worst.collection}" if worst.collection else ""
        raise UserError(
            f"{data.manifest}: {report.bad_images} of {report.received_images} images "
            f"({report.bad_fraction:.1%}) are bad, more than max_bad_fraction "
            f"{data.max_bad_fraction:.1%}. The first: row {worst.row}{of}: "
            f"{worst.reason}. All are in {kept}/quarantined-*. Mend or remove them, or raise the "
            "limit."
        )
    if not any(count.split == case_features.TRAIN for count in report.counts):
        raise UserError(f"{data.manifest}: no case is left to train on.")
    held_out = {count.site for count in report.counts if count.split == case_features.SHIFTED}
    for site in data.held_out_sites:
        if site not in held_out:
            known = ", ".join(sorted({count.site for count in report.counts}))
            raise UserError(
                f"{data.manifest}: held-out site '{site}' has no case. Sites with cases: {known}. "
                "Look at its spelling, in capitals too."
            )
