"""The Markdown tables of a study."""

import pytest

from benchmarks import study_tables
from tests.components.slice_report.study_results import estimate, study_results


@pytest.mark.parametrize(
    ("p_holm", "words"),
    [(0.0004, ", p < 0.001"), (0.0012, ", p 0.0012"), (0.5, ", p 0.5"), (None, ")")],
)
def test_a_difference_has_its_corrected_p_as_far_as_that_means_something(p_holm, words):
    row = {"difference": estimate(0.031), "p_holm": p_holm}
    assert study_tables.difference(row) == "+0.031 (+0.011 to +0.051)" + words.removeprefix(")")


def test_the_share_of_labels_has_its_interval():
    assert "| 55% (10% or fewer to not reached) |" in study_tables.label_efficiency(study_results())


def test_each_held_out_site_has_a_table_of_its_own():
    rows = [{"place": place, "seed": seed} for seed in (0, 1) for place in ("nih", "hannover")]
    tables = study_tables.grouped(rows, "place")
    assert [(place, [row["seed"] for row in found]) for place, found in tables] == [
        ("nih", [0, 1]),
        ("hannover", [0, 1]),
    ]
