"""Patients who share an image with the same bytes: their cases leak though one copy is kept."""

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
    """Pairs the cases of two identifiers under which one image was filed, as one patient's.

    Args:
        images: `ImageRecord`s.
        lines: Of the files that `write_linked_patients` wrote.

    Returns:
        (key, `NearDuplicate`) of two cases' first images; each case is in a pair, if the other
        identifier has a case left.
    """
    cases = (
        images
        | "FirstOfCases" >> beam.Filter(lambda image: not image.number)
        | "MedicalCases" >> beam.Filter(lambda image: image.data_set == MEDICAL)
        | "ByPatient" >> beam.Map(lambda image: (image.patient, image._replace(thumbnail=b"")))
    )
    links = (
        lines
        | "ParseLinked" >> beam.Map(parse_line)
        | "ByEither" >> beam.FlatMap(lambda linked: [(patient, linked) for patient in linked])
    )
    return (
        {"cases": cases, "links": links}
        | "JoinLinked" >> beam.CoGroupByKey()
        | "CasesByLink" >> beam.FlatMap(_cases_by_link)
        | "GroupByLink" >> beam.GroupByKey()
        | "PairLinked" >> beam.FlatMap(_pairs)
    )


def _cases_by_link(
    joined: tuple[str, dict[str, Any]],
) -> Iterator[tuple[LinkedPatients, ImageRecord]]:
    links = list(joined[1]["links"])
    for case in joined[1]["cases"] if links else ():
        for linked in links:
            yield linked, case


def _pairs(
    group: tuple[LinkedPatients, Iterable[ImageRecord]],
) -> Iterator[tuple[str, NearDuplicate]]:
    """Yields a pair for each case, with the first case of the other identifier."""
    linked, cases = group[0], sorted(group[1])
    sides = [[case for case in cases if case.patient == patient] for patient in linked]
    if not all(sides):
        return
    own, other = sides
    yield from (keyed_pair(case, other[0], 1.0) for case in own)
    yield from (keyed_pair(own[0], case, 1.0) for case in other[1:])
