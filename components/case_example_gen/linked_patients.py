"""Patients under whom the very same image is filed: ingestion tells, the leakage check looks."""

import json
from collections.abc import Iterable, Iterator

import apache_beam as beam

from components.case_example_gen.manifest import ManifestRow
from components.case_example_gen.pseudonym import pseudonym

LinkedPatients = tuple[str, str]
"""Two identifiers, or their pseudonyms, that share an image with the same bytes."""

_NAME = "linked_patients"


def linked_patients(rows: Iterable[ManifestRow]) -> Iterator[LinkedPatients]:
    """Yields each patient of an image's further rows with the patient of its first.

    Args:
        rows: Of one image's bytes, the first the one that is kept. Identifiers of an external
            collection have its name in front, so two collections' never clash.
    """
    first, *others = rows
    for patient in sorted({row.patient_id for row in others} - {first.patient_id}):
        yield first.patient_id, patient


def write_linked_patients(linked: beam.PCollection, key: bytes, directory: str) -> None:
    """Writes `linked_patients-*.jsonl`: two pseudonyms a line.

    Args:
        linked: `LinkedPatients`, by identifiers.
        key: Of the pseudonyms.
        directory: Of the ingestion report.
    """
    _ = (
        linked
        | "DistinctLinked" >> beam.Distinct()
        | "LinkedAsLines" >> beam.Map(_line, key)
        | "WriteLinked" >> beam.io.WriteToText(f"{directory}/{_NAME}", file_name_suffix=".jsonl")
    )


def linked_patients_pattern(directory: str) -> str:
    """Returns how the files beside an ingestion report are called."""
    return f"{directory}/{_NAME}-*"


def parse_line(line: str) -> LinkedPatients:
    """Returns the two pseudonyms of a line."""
    first, second = json.loads(line)
    return first, second


def _line(linked: LinkedPatients, key: bytes) -> str:
    return json.dumps([pseudonym(key, "patient", patient) for patient in linked])
