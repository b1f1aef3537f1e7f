"""The Beam pipeline from a manifest to case examples, split by patient.

Images are read twice, once to check and once to write, so that what travels between workers is
rows and digests, never pixels.
"""

import hashlib
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
import tensorflow as tf
from apache_beam.io.filesystems import FileSystems

from components.case_example_gen.cases import (
    Case,
    assemble_case,
    split_patient,
)
from components.case_example_gen.example import case_example
from components.case_example_gen.external_set import ExternalSet
from components.case_example_gen.images import BadImageError, standardise_image
from components.case_example_gen.ingestion_report import QuarantinedImage, SplitCount
from components.case_example_gen.manifest import ManifestRow, RowProblem, read_manifest
from components.case_example_gen.settings import DataSettings
from schemas import case_features

_QUARANTINED = "quarantined"
DUPLICATE = "duplicate image"


@dataclass(frozen=True)
class PlacedCase:
    """A case and the split it belongs to."""

    split: str
    case: Case


@dataclass(frozen=True)
class Ingestion:
    """What the pipeline yields.

    Attributes:
        examples: Serialized `tf.Example`s by split, for every split of `case_features.SPLITS`.
        quarantined: `QuarantinedImage`s.
        received_images: One count.
        received_cases: One count.
        kept_cases: One count.
        counts: `SplitCount`s, one per site and split.
    """

    examples: dict[str, beam.PCollection]
    quarantined: beam.PCollection
    received_images: beam.PCollection
    received_cases: beam.PCollection
    kept_cases: beam.PCollection
    counts: beam.PCollection


def ingest(pipeline: beam.Pipeline, data: DataSettings, key: bytes) -> Ingestion:
    """Builds the pipeline; nothing runs before the caller runs it.

    Args:
        pipeline: To build on.
        data: The data set.
        key: Of the pseudonyms.
    """
    rows = (
        pipeline
        | "Manifests" >> beam.Create([None, *data.external])
        | "ReadRows" >> beam.FlatMap(_read_rows, data)
        | "SpreadRows" >> beam.Reshuffle()
    )
    checked = rows | "CheckImages" >> beam.ParDo(_CheckImage(data)).with_outputs(
        _QUARANTINED, main="kept"
    )
    unique = (
        checked.kept
        | "GroupByDigest" >> beam.GroupByKey()
        | "DropDigest" >> beam.Values()
        | "DropDuplicates"
        >> beam.FlatMap(_first_of_duplicates).with_outputs(_QUARANTINED, main="kept")
    )
    cases = (
        unique.kept
        | "KeyByCase" >> beam.Map(lambda row: (row.case_id, row))
        | "GroupByCase" >> beam.GroupByKey()
        | "DropCase" >> beam.Values()
        | "AssembleCases" >> beam.FlatMap(_assemble, data).with_outputs(_QUARANTINED, main="kept")
    )
    placed = (
        cases.kept
        | "KeyByPatient" >> beam.Map(lambda case: (case.patient_id, case))
        | "GroupByPatient" >> beam.GroupByKey()
        | "DropPatient" >> beam.Values()
        | "SplitPatients" >> beam.FlatMap(_place, data).with_outputs(_QUARANTINED, main="kept")
    )
    return Ingestion(
        examples=_encode(placed.kept, data, key),
        quarantined=(
            (checked.quarantined, unique.quarantined, cases.quarantined, placed.quarantined)
            | "AllQuarantined" >> beam.Flatten()
        ),
        received_images=rows | "CountImages" >> beam.combiners.Count.Globally(),
        received_cases=(
            rows
            | "CaseIds" >> beam.FlatMap(_case_ids)
            | "DistinctCases" >> beam.Distinct()
            | "CountCases" >> beam.combiners.Count.Globally()
        ),
        kept_cases=placed.kept | "CountKept" >> beam.combiners.Count.Globally(),
        counts=_count_by_site_and_split(placed.kept),
    )


def _read_rows(
    external: ExternalSet | None, data: DataSettings
) -> Iterator[ManifestRow | RowProblem]:
    manifest = external.manifest if external else data.manifest
    with FileSystems.open(manifest, mime_type="application/octet-stream") as binary:
        text = io.TextIOWrapper(io.BufferedReader(binary), encoding="utf-8", newline="")
        yield from read_manifest(text, manifest, data, external)


def _case_ids(row: ManifestRow | RowProblem) -> Iterator[str]:
    if isinstance(row, ManifestRow):
        yield row.case_id


class _CheckImage(beam.DoFn):
    """Yields (digest of the image's bytes, row), or a quarantined image."""

    def __init__(self, data: DataSettings) -> None:
        self._directories = _image_directories(data)

    def process(self, row: ManifestRow | RowProblem) -> Iterator[Any]:
        if isinstance(row, RowProblem):
            detail = f"{row.column}: {row.message}" if row.column else row.message
            bad = QuarantinedImage(row.row, row.image, row.site, "row cannot be read", detail)
            yield beam.pvalue.TaggedOutput(_QUARANTINED, bad)
            return
        try:
            encoded = read_image(self._directories[row.external], row.image)
            standardise_image(encoded)
        except BadImageError as error:
            yield _quarantine(row, error.reason, error.detail)
            return
        yield hashlib.sha256(encoded).digest(), row


def _image_directories(data: DataSettings) -> dict[str, str]:
    """Where the images of the data set, and of each external collection by its name, are."""
    manifests = {"": data.manifest} | {other.name: other.manifest for other in data.external}
    return {name: FileSystems.split(manifest)[0] for name, manifest in manifests.items()}


def read_image(directory: str, image: str) -> bytes:
    """Reads an image's bytes; `image` is relative to `directory`, or absolute.

    Raises:
        BadImageError: There is no such file.
    """
    try:
        with FileSystems.open(
            FileSystems.join(directory, image), mime_type="application/octet-stream"
        ) as file:
            return file.read()
    except OSError as error:
        raise BadImageError("file is missing", type(error).__name__) from error


def _quarantine(row: ManifestRow, reason: str, detail: str = "") -> beam.pvalue.TaggedOutput:
    image = QuarantinedImage(row.row, row.image, row.site, reason, detail)
    return beam.pvalue.TaggedOutput(_QUARANTINED, image)


def _first_of_duplicates(rows: Iterable[ManifestRow]) -> Iterator[Any]:
    first, *others = sorted(rows, key=lambda row: row.order)
    yield first
    for row in others:
        yield _quarantine(row, DUPLICATE, f"same bytes as row {first.row}")


def _assemble(rows: Iterable[ManifestRow], data: DataSettings) -> Iterator[Any]:
    case = assemble_case(rows, data)
    if isinstance(case, Case):
        yield case
        return
    for row in case.rows:
        yield _quarantine(row, "case contradicts itself", f"{case.column}: {case.message}")


def _place(cases: Iterable[Case], data: DataSettings) -> Iterator[Any]:
    split = split_patient(sorted(cases, key=lambda case: case.rows[0].order), data)
    for name, case in split.placed:
        yield PlacedCase(name, case)
    for case, reason in split.left_out:
        for row in case.rows:
            yield _quarantine(row, reason)


def _encode(
    placed: beam.PCollection, data: DataSettings, key: bytes
) -> dict[str, beam.PCollection]:
    parts = (
        placed
        | "SpreadCases" >> beam.Reshuffle()
        | "EncodeCases" >> beam.ParDo(_EncodeCase(data, key))
        | "BySplit"
        >> beam.Partition(
            lambda item, _: case_features.SPLITS.index(item[0]), len(case_features.SPLITS)
        )
    )
    return {
        split: part | f"Serialized{split.title()}" >> beam.Values()
        for split, part in zip(case_features.SPLITS, parts, strict=True)
    }


class _EncodeCase(beam.DoFn):
    """Yields (split, serialized example)."""

    def __init__(self, data: DataSettings, key: bytes) -> None:
        self._directories = _image_directories(data)
        self._key = key

    def process(self, placed: PlacedCase) -> Iterator[tuple[str, bytes]]:
        rows = placed.case.rows
        directory = self._directories[rows[0].external]
        images = [standardise_image(read_image(directory, row.image)) for row in rows]
        example = case_example(placed.case, images, self._key)
        yield placed.split, _serialize(example)


def _serialize(example: tf.train.Example) -> bytes:
    return example.SerializeToString(deterministic=True)


def _count_by_site_and_split(placed: beam.PCollection) -> beam.PCollection:
    return (
        placed
        | "TallyCases" >> beam.Map(_tally_case)
        | "SumPerPatient" >> beam.CombinePerKey(_SumTallies())
        | "TallyPatients" >> beam.Map(_tally_patient)
        | "SumPerSiteAndSplit" >> beam.CombinePerKey(_SumTallies())
        | "AsSplitCounts" >> beam.Map(_split_count)
    )


def _tally_case(placed: PlacedCase) -> tuple[tuple[str, str, str], list[int]]:
    case = placed.case
    figures = [1, len(case.rows), int(case.labelled), int(len(case.rows) > 1)]
    return (case.site, placed.split, case.patient_id), figures


def _tally_patient(
    item: tuple[tuple[str, str, str], list[int]],
) -> tuple[tuple[str, str], list[int]]:
    (site, split, _), figures = item
    return (site, split), [1, *figures]


def _split_count(item: tuple[tuple[str, str], list[int]]) -> SplitCount:
    (site, split), (patients, cases, images, labelled_cases, several_image_cases) = item
    return SplitCount(site, split, cases, patients, images, labelled_cases, several_image_cases)


class _SumTallies(beam.CombineFn):
    """Sums lists of counts, position by position."""

    def create_accumulator(self) -> list[int]:
        return []

    def add_input(self, total: list[int], tally: list[int]) -> list[int]:
        return [a + b for a, b in zip(total, tally, strict=True)] if total else tally

    def merge_accumulators(self, totals: Iterable[list[int]]) -> list[int]:
        merged: list[int] = []
        for total in totals:
            merged = self.add_input(merged, total) if total else merged
        return merged

    def extract_output(self, total: list[int]) -> list[int]:
        return total
