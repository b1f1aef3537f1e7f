"""Patients who share an image: all their cases leak, not only the one that holds a copy.

The same bytes are told by ingestion, which keeps one copy; the same picture in other bytes, as an
archive exports it anew with other metadata, is seen here.
"""

import hashlib
import itertools
from collections.abc import Iterable, Iterator
from typing import Any

import apache_beam as beam

from components.case_example_gen.linked_patients import LinkedPatients, parse_line
from components.leakage_check.near_duplicates import (
    MEDICAL,
    ImageRecord,
    NearDuplicate,
    keyed_pair,
)


def cases_of_linked_patients(images: beam.PCollection, lines: beam.PCollection) -> beam.PCollection:
    """Pairs the cases of the identifiers under which one image was filed, as one patient's.

    A picture that is the same to the last grey value of its thumbnail links two patients if no
    third one has it: what many share is a phantom or a placeholder, and nobody's.

    Links chain: if A shares an image with B, and B one with C, all three are one patient. One
    worker holds the links, 32 characters each; there is one where two identifiers share an image.

    Args:
        images: `ImageRecord`s.
        lines: Of the files that `write_linked_patients` wrote.

    Returns:
        (key, `NearDuplicate`) of two cases' first images. A case is paired with the first case of
        another identifier in each rank.
    """
    cases = (
        images
        | "FirstOfCases" >> beam.Filter(lambda image: not image.number)
        | "MedicalCases" >> beam.Filter(lambda image: image.data_set == MEDICAL)
        | "ByPatient"
        >> beam.Map(lambda image: (image.patient, image._replace(thumbnail=b""))).with_output_types(
            tuple[str, ImageRecord]
        )
    )
    same_picture = (
        images
        | "MedicalImages" >> beam.Filter(lambda image: image.data_set == MEDICAL)
        | "PatientOfPicture" >> beam.FlatMap(_patient_of_picture)
        | "DistinctPatients" >> beam.Distinct()
        | "GroupByPicture" >> beam.GroupByKey()
        | "LinkByPicture" >> beam.FlatMap(_link_of_two)
    )
    persons = (
        (lines | "ParseLinked" >> beam.Map(parse_line), same_picture)
        | "BytesAndPictures" >> beam.Flatten()
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


def _patient_of_picture(image: ImageRecord) -> Iterator[tuple[bytes, str]]:
    if len(set(image.thumbnail)) > 1:
        yield hashlib.blake2b(image.thumbnail, digest_size=16).digest(), image.patient


def _link_of_two(group: tuple[bytes, Iterable[str]]) -> Iterator[LinkedPatients]:
    patients = list(itertools.islice(group[1], 3))
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
