"""Images with the same bytes under several patients: ingestion tells, the leakage check looks."""

import heapq
import json
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import apache_beam as beam

from components.case_example_gen.manifest import ManifestRow
from components.case_example_gen.pseudonym import pseudonym, read_key
from components.case_example_gen.settings import DataSettings

PATIENTS_OF_A_PHANTOM = 3
"""A picture of so many patients is a phantom or a placeholder, and nobody's; two may be one."""

_NAME = "shared_images"


class SharedImage(NamedTuple):
    """An image that several patients have with the same bytes.

    Attributes:
        image: SHA-256 of the image as ingestion writes it, in hexadecimal digits.
        patients: Identifiers, or their pseudonyms: two, or as many as make a phantom, no more.
            Identifiers of an external collection have its name in front, so two collections' never
            clash.
    """

    image: str
    patients: tuple[str, ...]


def shared_images(rows: beam.PCollection, data: DataSettings) -> beam.PCollection:
    """Returns (digest, `SharedImage`) of each image that several patients have, by identifiers.

    Args:
        rows: `ManifestRow`s of checked images, whatever becomes of their cases.
        data: The data set; natural images have no patients.
    """
    return (
        rows
        | "PatientOfImage" >> beam.FlatMap(_patient_of_image, data)
        | "PatientsOfImage" >> beam.CombinePerKey(_SomePatients())
        | "OfSeveralPatients" >> beam.FlatMap(_of_several)
    )


def _patient_of_image(
    row: ManifestRow, data: DataSettings
) -> Iterator[tuple[tuple[bytes, bytes], str]]:
    if data.task != "unlabelled":
        yield (row.digest, row.written_digest), row.patient_id


def _of_several(
    image: tuple[tuple[bytes, bytes], list[str]],
) -> Iterator[tuple[bytes, SharedImage]]:
    (digest, written), patients = image
    if len(patients) > 1:
        yield digest, SharedImage(written.hex(), tuple(patients))


class _SomePatients(beam.CombineFn):
    """Keeps as many patients as make a phantom, whether it has three or thousands."""

    def create_accumulator(self) -> list[str]:
        return []

    def add_input(self, some: list[str], patient: str) -> list[str]:
        return some if patient in some else self.merge_accumulators([some, [patient]])

    def merge_accumulators(self, several: Iterable[list[str]]) -> list[str]:
        patients = {patient for some in several for patient in some}
        return heapq.nsmallest(PATIENTS_OF_A_PHANTOM, patients)

    def extract_output(self, some: list[str]) -> list[str]:
        return some


def write_shared_images(shared: beam.PCollection, key_file: str, directory: str) -> None:
    """Writes `shared_images-*.jsonl`: a line an image, with the pseudonyms of its patients.

    Args:
        shared: `SharedImage`s, by identifiers.
        key_file: Of the pseudonyms; workers read it.
        directory: Of the ingestion report.
    """
    _ = (
        shared
        | "SharedAsLines" >> beam.ParDo(_AsLine(key_file))
        | "WriteShared" >> beam.io.WriteToText(f"{directory}/{_NAME}", file_name_suffix=".jsonl")
    )


def shared_images_pattern(directory: str) -> str:
    """Returns how the files beside an ingestion report are called."""
    return f"{directory}/{_NAME}-*"


def parse_line(line: str) -> SharedImage:
    """Returns the image and the pseudonyms of a line."""
    values = json.loads(line)
    return SharedImage(values["image"], tuple(values["patients"]))


class _AsLine(beam.DoFn):
    """Turns identifiers into pseudonyms."""

    def __init__(self, key_file: str) -> None:
        self._key_file = key_file

    def setup(self) -> None:
        self._key = read_key(self._key_file)

    def process(self, shared: SharedImage) -> Iterator[str]:
        patients = [pseudonym(self._key, "patient", patient) for patient in shared.patients]
        yield json.dumps({"image": shared.image, "patients": patients})
