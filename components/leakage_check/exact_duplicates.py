"""Patients who share an image: all their cases leak, not only the one that holds a copy.

The same bytes are told by ingestion, which keeps one copy; the same picture in other bytes, as an
archive exports it anew with other metadata, is seen here.
"""

import hashlib
import itertools
from collections.abc import Iterable, Iterator
from typing import Any

import apache_beam as beam

from components.case_example_gen.shared_images import PATIENTS_OF_A_PHANTOM, parse_line
from components.leakage_check.near_duplicates import (
    MEDICAL,
    ImageRecord,
    NearDuplicate,
    keyed_pair,
)

LinkedPatients = tuple[str, str]
"""Pseudonyms of two patients who share an image."""


def cases_of_linked_patients(images: beam.PCollection, lines: beam.PCollection) -> beam.PCollection:
    """Pairs the cases of the identifiers under which one image was filed, as one patient's.

    A picture, in the same bytes or in others that are the same to the last grey value of their
    thumbnails, links two patients if no third one has it: what many share is a phantom or a
    placeholder, and nobody's.

    Links chain: if A shares an image with B, and B one with C, all three are one patient. One
    worker holds the links, 32 characters each; there is one where two identifiers share an image.

    Args:
        images: `ImageRecord`s.
        lines: Of the files that `write_shared_images` wrote.

    Returns:
        (key, `NearDuplicate`) of two cases' first images. A case is paired with the first case of
        another identifier in each rank.
    """
    medical = images | "MedicalImages" >> beam.Filter(lambda image: image.data_set == MEDICAL)
    cases = (
        medical
        | "FirstOfCases" >> beam.Filter(lambda image: not image.number)
        | "ByPatient"
        >> beam.Map(lambda image: (image.patient, image.without_content())).with_output_types(
            tuple[str, ImageRecord]
        )
    )
    holders = medical | "PictureAndPatient" >> beam.Map(
        lambda image: (image.digest, (_picture(image), image.patient))
    )
    shared = lines | "ParseShared" >> beam.Map(_digest_and_patients)
    persons = (
        {"holders": holders, "shared": shared}
        | "JoinShared" >> beam.CoGroupByKey()
        | "PatientsOfPicture" >> beam.FlatMap(_patients_of_picture)
        | "DistinctPatients" >> beam.Distinct()
        | "GroupByPicture" >> beam.GroupByKey()
        | "LinkByPicture" >> beam.FlatMap(_link_of_two)
        | "AllLinks" >> beam.combiners.ToList()
        | "Persons" >> beam.FlatMap(persons_of_links)
    )
    return (
        {"cases": cases, "person": persons}
        | "JoinPersons" >> beam.CoGroupByKey()
        | "CasesByPerson" >> beam.FlatMap(_cases_by_person)
        | "GroupByPerson" >> beam.GroupByKey()
        | "PairLinked" >> beam.FlatMap(_pairs)
    )


def persons_of_links(links: Iterable[LinkedPatients]) -> list[tuple[str, str]]:
    """Returns each linked identifier with the first of all that are the same person's."""
    first_of: dict[str, str] = {}

    def first(patient: str) -> str:
        while first_of.setdefault(patient, patient) != patient:
            first_of[patient] = first_of[first_of[patient]]
            patient = first_of[patient]
        return patient

    for one, other in links:
        low, high = sorted((first(one), first(other)))
        first_of[high] = low
    return [(patient, first(patient)) for patient in first_of]


def _picture(image: ImageRecord) -> bytes | None:
    """Returns what two encodings of a picture have in common; None where it is of one grey."""
    if len(set(image.thumbnail)) == 1:
        return None
    return hashlib.blake2b(image.thumbnail, digest_size=16).digest()


def _digest_and_patients(line: str) -> tuple[bytes, tuple[str, ...]]:
    shared = parse_line(line)
    return bytes.fromhex(shared.image), shared.patients


def _patients_of_picture(
    joined: tuple[bytes, dict[str, Iterable[Any]]],
) -> Iterator[tuple[bytes, str]]:
    """Yields all patients of one image's bytes: in its case, and of those left out as copies.

    Bytes of which no case is left, or of one grey, stand for themselves.
    """
    digest, found = joined
    picture = None
    for picture, patient in found["holders"]:
        if picture is not None:
            yield picture, patient
    for patients in found["shared"]:
        for patient in patients:
            yield picture or digest, patient


def _link_of_two(group: tuple[bytes, Iterable[str]]) -> Iterator[LinkedPatients]:
    patients = list(itertools.islice(group[1], PATIENTS_OF_A_PHANTOM))
    if len(patients) == 2:
        first, second = sorted(patients)
        yield first, second


def _cases_by_person(
    joined: tuple[str, dict[str, Any]],
) -> Iterator[tuple[str, ImageRecord]]:
    for person in joined[1]["person"]:
        for case in joined[1]["cases"]:
            yield person, case


def _pairs(group: tuple[str, Iterable[ImageRecord]]) -> Iterator[tuple[str, NearDuplicate]]:
    cases = sorted(group[1])
    for case in cases:
        seen: set[int] = set()
        for other in cases:
            if other.patient != case.patient and other.rank not in seen:
                seen.add(other.rank)
                yield keyed_pair(case, other, 1.0)
