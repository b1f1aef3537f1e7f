"""The Beam pipeline from a manifest to cases, split by patient.

Images are read twice, once to check and once to write (`shards.py`), so that what travels between
workers is rows and digests, never pixels. They are decoded once, where they stay as they are.
"""

import dataclasses
import hashlib
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
from apache_beam.io.filesystems import FileSystems
from apache_beam.metrics import Metrics

from components.case_example_gen.cases import (
    BEYOND_THE_LIMIT,
    Case,
    assemble_case,
    labels_differ,
    split_patient,
    within_limit,
)
from components.case_example_gen.external_set import ExternalSet
from components.case_example_gen.image_measurement import ImageMeasurement
from components.case_example_gen.images import BadImageError
from components.case_example_gen.ingestion_report import QuarantinedImage
from components.case_example_gen.manifest import ManifestRow, RowProblem, read_manifest
from components.case_example_gen.placed_case import PlacedCase
from components.case_example_gen.settings import DataSettings
from components.case_example_gen.shared_images import PATIENTS_OF_A_PHANTOM, SharedImage
from components.case_example_gen.site_counts import count_by_site_and_split
from components.case_example_gen.source_images import image_directories, read_image
from components.case_example_gen.tensorflow_decoding import decodable_image
from schemas.case_features import UNKNOWN

_QUARANTINED = "quarantined"
_BYTES = "bytes"
_CONVERTED = "converted"
_SHARED = "shared"
DUPLICATE = "duplicate image"
OTHER_PATIENTS_DUPLICATE = "duplicate image of another patient"
"""One patient under two identifiers, or an image filed twice: to be looked into."""
PHANTOM = "duplicate image of three or more patients"
CONTRADICTORY_DUPLICATE = "duplicate image with other labels"


@dataclass(frozen=True)
class Ingestion:
    """What the pipeline yields.

    Attributes:
        placed: `PlacedCase`s, what is kept.
        bytes_per_image: One number, the mean.
        converted: (change, site) of each change of an image that is kept as another.
        quarantined: `QuarantinedImage`s.
        shared: `SharedImage`s, by identifiers.
        received_images: One count.
        received_cases: One count.
        kept_cases: One count.
        received_patients: One count.
        kept_patients: One count.
        counts: `SplitCount`s, one per site and split.
    """

    placed: beam.PCollection
    bytes_per_image: beam.PCollection
    converted: beam.PCollection
    quarantined: beam.PCollection
    shared: beam.PCollection
    received_images: beam.PCollection
    received_cases: beam.PCollection
    kept_cases: beam.PCollection
    received_patients: beam.PCollection
    kept_patients: beam.PCollection
    counts: beam.PCollection


def ingest(pipeline: beam.Pipeline, data: DataSettings) -> Ingestion:
    """Builds the pipeline; nothing runs before the caller runs it.

    Args:
        pipeline: To build on.
        data: The data set.
    """
    rows = (
        pipeline
        | "Manifests" >> beam.Create([None, *data.external])
        | "ReadRows" >> beam.FlatMap(_read_rows, data)
        | "SpreadRows" >> beam.Reshuffle()
    )
    checked = rows | "CheckImages" >> beam.ParDo(_CheckImage(data)).with_outputs(
        _QUARANTINED, _BYTES, _CONVERTED, main="kept"
    )
    unique = (
        checked.kept
        | "GroupByDigest" >> beam.GroupByKey()
        | "DropDigest" >> beam.Values()
        | "DropDuplicates"
        >> beam.FlatMap(_first_of_duplicates, data).with_outputs(_QUARANTINED, _SHARED, main="kept")
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
        placed=placed.kept,
        bytes_per_image=checked.bytes | "BytesPerImage" >> beam.combiners.Mean.Globally(),
        converted=checked.converted,
        quarantined=(
            (checked.quarantined, unique.quarantined, cases.quarantined, placed.quarantined)
            | "AllQuarantined" >> beam.Flatten()
            | "CountReasons" >> beam.ParDo(_CountReason())
        ),
        shared=unique.shared,
        received_images=rows | "CountImages" >> beam.combiners.Count.Globally(),
        received_cases=(
            rows
            | "CaseIds" >> beam.FlatMap(_case_ids)
            | "DistinctCases" >> beam.Distinct()
            | "CountCases" >> beam.combiners.Count.Globally()
        ),
        kept_cases=placed.kept | "CountKept" >> beam.combiners.Count.Globally(),
        received_patients=(
            rows
            | "PatientIds" >> beam.FlatMap(_patient_ids)
            | "DistinctPatients" >> beam.Distinct()
            | "CountPatients" >> beam.combiners.Count.Globally()
        ),
        kept_patients=(
            placed.kept
            | "KeptPatientIds" >> beam.Map(lambda placed: placed.case.patient_id)
            | "DistinctKeptPatients" >> beam.Distinct()
            | "CountKeptPatients" >> beam.combiners.Count.Globally()
        ),
        counts=count_by_site_and_split(placed.kept),
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


def _patient_ids(row: ManifestRow | RowProblem) -> Iterator[str]:
    if isinstance(row, ManifestRow):
        yield row.patient_id


class _CheckImage(beam.DoFn):
    """Yields (digest of the image's bytes, row) and the bytes' number, or a quarantined image."""

    def __init__(self, data: DataSettings) -> None:
        self._directories = image_directories(data)
        self._checked = Metrics.counter("ingestion", "images_checked")

    def process(self, row: ManifestRow | RowProblem) -> Iterator[Any]:
        self._checked.inc()
        if isinstance(row, RowProblem):
            detail = f"{row.column}: {row.message}" if row.column else row.message
            bad = QuarantinedImage(row.row, UNKNOWN, "row cannot be read", detail, row.collection)
            yield beam.pvalue.TaggedOutput(_QUARANTINED, bad)
            return
        try:
            encoded = read_image(self._directories[row.external], row.image)
            measured = decodable_image(encoded)
        except BadImageError as error:
            yield _quarantine(row, error.reason, error.detail)
            return
        yield beam.pvalue.TaggedOutput(_BYTES, len(encoded))
        for change in measured.changes:
            Metrics.counter("ingestion", f"converted_{change.replace(' ', '_')}").inc()
            yield beam.pvalue.TaggedOutput(_CONVERTED, (change, row.site))
        digest = hashlib.sha256(encoded).digest()
        if measured.encoded == encoded:
            measurement = ImageMeasurement(digest, measured.mean, measured.contrast)
            row = dataclasses.replace(row, measurement=measurement, written_digest=digest)
        else:
            written = hashlib.sha256(measured.encoded).digest()
            row = dataclasses.replace(row, written_digest=written)
        yield digest, row


class _CountReason(beam.DoFn):
    """Passes quarantined images on, with a counter for each reason."""

    def process(self, image: QuarantinedImage) -> Iterator[QuarantinedImage]:
        Metrics.counter("ingestion", f"quarantined_{image.reason.replace(' ', '_')}").inc()
        yield image


def _quarantine(row: ManifestRow, reason: str, detail: str = "") -> beam.pvalue.TaggedOutput:
    image = QuarantinedImage(row.row, row.site, reason, detail, row.external)
    return beam.pvalue.TaggedOutput(_QUARANTINED, image)


def _first_of_duplicates(rows: Iterable[ManifestRow], data: DataSettings) -> Iterator[Any]:
    first, *others = sorted(rows, key=lambda row: row.order)
    yield first
    patients = {row.patient_id for row in (first, *others)}
    # Natural images have no patients.
    if len(patients) > 1 and data.task != "unlabelled":
        some = tuple(sorted(patients)[:PATIENTS_OF_A_PHANTOM])
        yield beam.pvalue.TaggedOutput(_SHARED, SharedImage(first.written_digest.hex(), some))
    place = f"row {first.row}" + (f" of {first.external}" if first.external else "")
    for row in others:
        if row.case_id == first.case_id:
            yield dataclasses.replace(row, is_copy=True)
        reason = DUPLICATE if data.task == "unlabelled" else _reason(first, row, len(patients))
        yield _quarantine(row, reason, f"same bytes as {place}")


def _reason(first: ManifestRow, row: ManifestRow, patients: int) -> str:
    """Says what a duplicate is, by the row that is kept and the number of the image's patients."""
    if row.external != first.external:
        # Another collection numbers its patients anew: another identifier is to be expected.
        return DUPLICATE
    if patients >= PATIENTS_OF_A_PHANTOM:
        return PHANTOM
    if row.patient_id != first.patient_id:
        return OTHER_PATIENTS_DUPLICATE
    if row.case_id != first.case_id and labels_differ(first, row):
        return CONTRADICTORY_DUPLICATE
    return DUPLICATE


def _assemble(rows: Iterable[ManifestRow], data: DataSettings) -> Iterator[Any]:
    case = assemble_case(rows, data)
    if isinstance(case, Case):
        kept, others = within_limit(case)
        yield kept
        for row in others:
            yield _quarantine(row, BEYOND_THE_LIMIT)
        return
    for row in case.rows:
        if row.is_copy:
            continue
        yield _quarantine(row, "case contradicts itself", f"{case.column}: {case.message}")


def _place(cases: Iterable[Case], data: DataSettings) -> Iterator[Any]:
    split = split_patient(sorted(cases, key=lambda case: case.rows[0].order), data)
    for name, case in split.placed:
        yield PlacedCase(name, case)
    for case, reason in split.left_out:
        for row in case.rows:
            yield _quarantine(row, reason)
