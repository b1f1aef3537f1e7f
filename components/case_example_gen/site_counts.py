"""Counts by site: what was received, and what of it was kept in each split."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import apache_beam as beam

from components.case_example_gen.ingestion_report import ReceivedCount, SplitCount
from components.case_example_gen.manifest import ManifestRow, RowProblem
from components.case_example_gen.placed_case import PlacedCase
from schemas.case_features import UNKNOWN

_CASE, _PATIENT, _UNREADABLE = "case", "patient", "unreadable row"
_Name: TypeAlias = tuple[str, str]
"""Kind and identifier."""


@dataclass(frozen=True)
class Received:
    """What the rows of all manifests name.

    Attributes:
        cases: One count, of distinct ones.
        patients: One count, likewise.
        by_site: `ReceivedCount`s, one per site; a case or patient seen at two sites is in both.
    """

    cases: beam.PCollection
    patients: beam.PCollection
    by_site: beam.PCollection


def count_received(rows: beam.PCollection) -> Received:
    """Returns the counts of `ManifestRow`s and `RowProblem`s; the latter are of no known site.

    Each case and patient is brought together once, with its rows by site: all counts follow.
    """
    seen = (
        rows
        | "NamesInRows" >> beam.FlatMap(_names)
        | "RowsOfNameBySite" >> beam.CombinePerKey(_RowsBySite())
    )
    return Received(
        cases=_count_kind(seen, _CASE),
        patients=_count_kind(seen, _PATIENT),
        by_site=(
            seen
            | "TallyNames" >> beam.FlatMap(_tally_name)
            | "SumPerSite" >> beam.CombinePerKey(_SumTallies())
            | "AsReceivedCounts" >> beam.Map(_received_count)
        ),
    )


def _names(row: ManifestRow | RowProblem) -> Iterator[tuple[_Name, str]]:
    if isinstance(row, RowProblem):
        yield (_UNREADABLE, ""), UNKNOWN
        return
    yield (_CASE, row.case_id), row.site
    yield (_PATIENT, row.patient_id), row.site


def _count_kind(seen: beam.PCollection, kind: str) -> beam.PCollection:
    return (
        seen
        | f"Seen {kind}" >> beam.Filter(_is_of_kind, kind)
        | f"Count {kind}" >> beam.combiners.Count.Globally()
    )


def _is_of_kind(item: tuple[_Name, dict[str, int]], kind: str) -> bool:
    return item[0][0] == kind


def _tally_name(item: tuple[_Name, dict[str, int]]) -> Iterator[tuple[str, list[int]]]:
    """Yields images, cases and patients of each site; an image is that of its case."""
    (kind, _), rows_of_site = item
    for site, rows in rows_of_site.items():
        images = 0 if kind == _PATIENT else rows
        yield site, [images, int(kind == _CASE), int(kind == _PATIENT)]


def _received_count(item: tuple[str, list[int]]) -> ReceivedCount:
    site, (images, cases, patients) = item
    return ReceivedCount(site, images, cases, patients)


def count_by_site_and_split(placed: beam.PCollection) -> beam.PCollection:
    """Returns a `SplitCount` per site and split of `PlacedCase`s."""
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


class _RowsBySite(beam.CombineFn):
    """Counts how often each site is given."""

    def create_accumulator(self) -> dict[str, int]:
        return {}

    def add_input(self, rows: dict[str, int], site: str) -> dict[str, int]:
        rows[site] = rows.get(site, 0) + 1
        return rows

    def merge_accumulators(self, parts: Iterable[dict[str, int]]) -> dict[str, int]:
        merged: Counter[str] = Counter()
        for part in parts:
            merged.update(part)
        return dict(merged)

    def extract_output(self, rows: dict[str, int]) -> dict[str, int]:
        return rows


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
