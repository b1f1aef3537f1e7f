"""Counts what was kept, by site and split."""

from collections.abc import Iterable

import apache_beam as beam

from components.case_example_gen.ingestion_report import SplitCount
from components.case_example_gen.placed_case import PlacedCase


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
