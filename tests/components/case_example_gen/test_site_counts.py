"""What the rows of manifests name is counted by site, and once in all."""

import apache_beam as beam
import pytest
from apache_beam.testing.util import assert_that, equal_to

from components.case_example_gen.ingestion_report import ReceivedCount
from components.case_example_gen.manifest import ManifestRow, RowProblem
from components.case_example_gen.site_counts import count_received


def row(site, patient, case, number):
    place = {"view": "unknown", "sex": "unknown", "age": None, "split": None}
    return ManifestRow(
        number, f"{number}.png", case, patient, site, **place, label=None, findings=()
    )


ROWS = [
    row("north", "p1", "c1", 2),
    row("north", "p1", "c1", 3),
    row("north", "p1", "c2", 4),
    row("north", "p2", "c3", 5),
    # One patient, seen at two sites.
    row("valley", "p1", "c4", 6),
    # One case, filed at two sites.
    row("valley", "p2", "c3", 7),
    # One case, filed under two patients.
    row("hill", "p3", "c5", 8),
    row("hill", "p4", "c5", 9),
    # An identifier of a case may be that of a patient, too.
    row("hill", "c5", "p1", 10),
    RowProblem(11, "age", "no age"),
    RowProblem(12, "", "too few cells"),
]


@pytest.mark.parametrize("rows", [ROWS, ROWS[::-1]], ids=["in order", "backwards"])
def test_a_case_or_patient_counts_at_each_of_its_sites_and_once_in_all(rows):
    with beam.Pipeline() as pipeline:
        received = count_received(
            pipeline | beam.Create(rows).with_output_types(ManifestRow | RowProblem)
        )
        by_site = [
            ReceivedCount("north", images=4, cases=3, patients=2),
            ReceivedCount("valley", images=2, cases=2, patients=2),
            ReceivedCount("hill", images=3, cases=2, patients=3),
            ReceivedCount("unknown", images=2, cases=0, patients=0),
        ]
        assert_that(received.by_site, equal_to(by_site), label="by site")
        assert_that(received.cases, equal_to([6]), label="cases")
        assert_that(received.patients, equal_to([5]), label="patients")


def test_of_no_row_nothing_is_received():
    with beam.Pipeline() as pipeline:
        received = count_received(pipeline | beam.Create([]))
        assert_that(received.by_site, equal_to([]), label="by site")
        assert_that(received.cases, equal_to([0]), label="cases")
        assert_that(received.patients, equal_to([0]), label="patients")
