"""The Beam pipeline from a manifest to cases, split by patient.

Images are read twice, once to check and once to write (`shards.py`), so that what travels between
workers is rows and digests, never pixels. They are decoded once, where their data stay as they are.
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
    MOST_BYTES,
    Case,
    assemble_case,
    copies_within,
    labels_differ,
    split_patient,
    within_limit,
    without_images,
)
from components.case_example_gen.external_set import ExternalSet
from components.case_example_gen.image_measurement import ImageMeasurement
from components.case_example_gen.images import BadImageError, MeasuredImage
from components.case_example_gen.ingestion_report import QuarantinedImage
from components.case_example_gen.manifest import ManifestRow, RowProblem, read_manifest
from components.case_example_gen.placed_case import PlacedCase
from components.case_example_gen.settings import DataSettings
from components.case_example_gen.shared_images import (
    PATIENTS_OF_A_PHANTOM,
    SharedImage,
    shared_images,
)
from components.case_example_gen.site_counts import count_by_site_and_split, count_received
from components.case_example_gen.source_images import image_directories, read_image
from components.case_example_gen.tensorflow_decoding import decodable_image
from components.tagged_outputs import typed
from schemas.case_features import UNKNOWN

_QUARANTINED = "quarantined"
_BYTES = "bytes"
_CONVERTED = "converted"
_TEXT_IN_PIXELS = "text_in_pixels"
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
        text_in_pixels: Site of each checked image whose row says that its pixels hold text.
        quarantined: `QuarantinedImage`s.
        shared: `SharedImage`s, by identifiers.
        received_images: One count.
        received_cases: One count.
        kept_cases: One count.
        received_patients: One count.
        kept_patients: One count.
        counts: `SplitCount`s, one per site and split.
        received: `ReceivedCount`s, one per site.
    """

    placed: beam.PCollection
    bytes_per_image: beam.PCollection
    converted: beam.PCollection
    text_in_pixels: beam.PCollection
    quarantined: beam.PCollection
    shared: beam.PCollection
    received_images: beam.PCollection
    received_cases: beam.PCollection
    kept_cases: beam.PCollection
    received_patients: beam.PCollection
    kept_patients: beam.PCollection
    counts: beam.PCollection
    received: beam.PCollection


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
    checked = rows | "CheckImages" >> beam.ParDo(_CheckImage(data)).with_output_types(
        ManifestRow
    ).with_outputs(_QUARANTINED, _BYTES, _CONVERTED, _TEXT_IN_PIXELS, main="kept")
    cases = (
        checked.kept
        | "KeyByCase" >> beam.Map(lambda row: (row.case_id, row))
        | "GroupByCase" >> beam.GroupByKey()
        | "DropCase" >> beam.Values()
        | "AssembleCases"
        >> beam.FlatMap(_assemble, data)
        .with_output_types(Case)
        .with_outputs(_QUARANTINED, main="kept")
    )
    placed = (
        cases.kept
        | "KeyByPatient" >> beam.Map(lambda case: (case.patient_id, case))
        | "GroupByPatient" >> beam.GroupByKey()
        | "DropPatient" >> beam.Values()
        | "SplitPatients"
        >> beam.FlatMap(_place, data)
        .with_output_types(PlacedCase)
        .with_outputs(_QUARANTINED, main="kept")
    )
    shared = shared_images(checked.kept, data)
    # Last of all, so that no copy is left out for a row whose case is left out itself.
    duplicates = (
        (placed.kept | "ImagesOfPlaced" >> beam.FlatMap(_images_of), shared)
        | "ImagesAndPatients" >> beam.Flatten()
        | "GroupByDigest" >> beam.GroupByKey()
        | "FindDuplicates"
        >> beam.FlatMap(_duplicates, data).with_outputs(_QUARANTINED, main="images")
    )
    kept = (
        {
            "case": placed.kept
            | "KeyPlaced" >> beam.Map(lambda placed: (placed.case.case_id, placed)),
            "duplicates": duplicates.images,
        }
        | "JoinDuplicates" >> beam.CoGroupByKey()
        | "LeaveDuplicatesOut" >> beam.FlatMap(_without_duplicates).with_output_types(PlacedCase)
    )
    received = count_received(rows)
    return Ingestion(
        placed=kept,
        bytes_per_image=checked.bytes | "BytesPerImage" >> beam.combiners.Mean.Globally(),
        converted=typed(checked.converted, tuple[str, str]),
        text_in_pixels=typed(checked.text_in_pixels, str),
        quarantined=(
            (
                checked.quarantined,
                cases.quarantined,
                placed.quarantined,
                duplicates.quarantined,
            )
            | "AllQuarantined" >> beam.Flatten()
            | "CountReasons" >> beam.ParDo(_CountReason())
        ),
        shared=typed(shared | "Shared" >> beam.Values(), SharedImage),
        received_images=rows | "CountImages" >> beam.combiners.Count.Globally(),
        received_cases=received.cases,
        kept_cases=kept | "CountKept" >> beam.combiners.Count.Globally(),
        received_patients=received.patients,
        kept_patients=(
            kept
            | "KeptPatientIds" >> beam.Map(lambda placed: placed.case.patient_id)
            | "DistinctKeptPatients" >> beam.Distinct()
            | "CountKeptPatients" >> beam.combiners.Count.Globally()
        ),
        counts=count_by_site_and_split(kept),
        received=received.by_site,
    )


def _read_rows(
    external: ExternalSet | None, data: DataSettings
) -> Iterator[ManifestRow | RowProblem]:
    manifest = external.manifest if external else data.manifest
    with FileSystems.open(manifest, mime_type="application/octet-stream") as binary:
        text = io.TextIOWrapper(io.BufferedReader(binary), encoding="utf-8", newline="")
        yield from read_manifest(text, manifest, data, external)


class _CheckImage(beam.DoFn):
    """Yields the row with what is known of its image, and its bytes; or a quarantined image."""

    def __init__(self, data: DataSettings) -> None:
        self._directories = image_directories(data)
        self._checked = Metrics.counter("ingestion", "images_checked")
        self._with_text = Metrics.counter("ingestion", "images_with_text")

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
        if len(measured.encoded) > MOST_BYTES:
            yield _quarantine(row, "too large", f"{len(measured.encoded) / 1e6:.0f} MB")
            return
        yield beam.pvalue.TaggedOutput(_BYTES, len(encoded))
        for change in measured.changes:
            Metrics.counter("ingestion", f"converted_{change.replace(' ', '_')}").inc()
            yield beam.pvalue.TaggedOutput(_CONVERTED, (change, row.site))
        if row.text_in_pixels:
            self._with_text.inc()
            yield beam.pvalue.TaggedOutput(_TEXT_IN_PIXELS, row.site)
        yield _checked(row, encoded, measured)


def _checked(row: ManifestRow, encoded: bytes, measured: MeasuredImage) -> ManifestRow:
    """Returns a row with what is known of its image."""
    # Of the file as given, metadata included, as validation takes it.
    digest = written_digest = hashlib.sha256(encoded).digest()
    is_written_as_given = measured.encoded == encoded
    if not is_written_as_given:
        written_digest = hashlib.sha256(measured.encoded).digest()
    measurement = None
    if not measured.changes:
        has_metadata = not is_written_as_given
        measurement = ImageMeasurement(digest, has_metadata, measured.mean, measured.contrast)
    return dataclasses.replace(
        row,
        measurement=measurement,
        digest=digest,
        written_digest=written_digest,
        written_bytes=len(measured.encoded),
    )


class _CountReason(beam.DoFn):
    """Passes quarantined images on, with a counter for each reason."""

    def process(self, image: QuarantinedImage) -> Iterator[QuarantinedImage]:
        Metrics.counter("ingestion", f"quarantined_{image.reason.replace(' ', '_')}").inc()
        yield image


def _quarantine(row: ManifestRow, reason: str, detail: str = "") -> beam.pvalue.TaggedOutput:
    image = QuarantinedImage(row.row, row.site, reason, detail, row.external)
    return beam.pvalue.TaggedOutput(_QUARANTINED, image)


def _assemble(rows: Iterable[ManifestRow], data: DataSettings) -> Iterator[Any]:
    rows = list(rows)
    case = assemble_case(rows, data)
    copies = copies_within(rows)
    for row, first in copies:
        yield _quarantine(row, DUPLICATE, _same_bytes(first))
    if isinstance(case, Case):
        kept, others = within_limit(case)
        yield kept
        for row in others:
            yield _quarantine(row, BEYOND_THE_LIMIT)
        return
    copied = {row.order for row, _ in copies}
    for row in case.rows:
        if row.order not in copied:
            yield _quarantine(row, "case contradicts itself", f"{case.column}: {case.message}")


def _place(cases: Iterable[Case], data: DataSettings) -> Iterator[Any]:
    split = split_patient(sorted(cases, key=lambda case: case.rows[0].order), data)
    for name, case in split.placed:
        yield PlacedCase(name, case)
    for case, reason in split.left_out:
        for row in case.rows:
            yield _quarantine(row, reason)


def _images_of(placed: PlacedCase) -> Iterator[tuple[bytes, ManifestRow]]:
    for row in placed.case.rows:
        yield row.digest, row


def _duplicates(
    group: tuple[bytes, Iterable[ManifestRow | SharedImage]], data: DataSettings
) -> Iterator[Any]:
    """Yields (case, digest) of each row but the first of those that have an image.

    The group is gone through twice, and never held: thousands may share a placeholder.
    """
    digest, members = group
    first: ManifestRow | None = None
    patients = 1
    for member in members:
        if isinstance(member, SharedImage):
            patients = len(member.patients)
        elif first is None or member.order < first.order:
            first = member
    for row in members:
        if first is None or isinstance(row, SharedImage) or row.order == first.order:
            continue
        yield row.case_id, digest
        reason = DUPLICATE if data.task == "unlabelled" else _reason(first, row, patients)
        yield _quarantine(row, reason, _same_bytes(first))


def _reason(first: ManifestRow, row: ManifestRow, patients: int) -> str:
    """Says what a duplicate is, by the row that is kept and the number of the image's patients."""
    if row.external != first.external:
        # Another collection numbers its patients anew: another identifier is to be expected.
        return DUPLICATE
    if patients >= PATIENTS_OF_A_PHANTOM:
        return PHANTOM
    if row.patient_id != first.patient_id:
        return OTHER_PATIENTS_DUPLICATE
    return CONTRADICTORY_DUPLICATE if labels_differ(first, row) else DUPLICATE


def _same_bytes(first: ManifestRow) -> str:
    of = f" of {first.external}" if first.external else ""
    return f"same bytes as row {first.row}{of}"


def _without_duplicates(
    joined: tuple[str, dict[str, Iterable[Any]]],
) -> Iterator[PlacedCase]:
    _, found = joined
    duplicates = frozenset(found["duplicates"])
    for placed in found["case"]:
        case = without_images(placed.case, duplicates)
        if case is not None:
            yield PlacedCase(placed.split, case)
