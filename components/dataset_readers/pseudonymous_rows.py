"""Rows whose patients and cases are pseudonyms already, for manifests that others may see."""

import dataclasses
from collections.abc import Iterable, Iterator

from components.case_example_gen.pseudonym import pseudonym
from components.dataset_readers.reader import ImageRow


def pseudonymous(rows: Iterable[ImageRow], key: bytes) -> Iterator[ImageRow]:
    """Yields the rows with keyed hashes for patient and case; where images lie stays as it is.

    Ingestion hashes these once more, under the run's own key.

    Args:
        rows: Of a reader.
        key: Secret (`pseudonym.read_key`).
    """
    for row in rows:
        patient_id, case_id = pseudonyms(key, row.patient_id, row.case_id)
        yield dataclasses.replace(row, patient_id=patient_id, case_id=case_id)


def pseudonyms(key: bytes, patient_id: str, case_id: str) -> tuple[str, str]:
    """Returns a patient and a case as keyed hashes."""
    return pseudonym(key, "patient", patient_id), pseudonym(key, "case", case_id)
