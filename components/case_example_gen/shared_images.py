"""Images with the same bytes under several patients: ingestion tells, the leakage check looks."""

import json
from collections.abc import Iterator
from typing import NamedTuple

import apache_beam as beam

from components.case_example_gen.pseudonym import pseudonym, read_key

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
