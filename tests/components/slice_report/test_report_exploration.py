"""What the page's controls move over, counted again from simulated scores."""

import numpy as np
import pytest

from components.slice_report.exploration import exploration
from components.slice_report.slice_entries import slice_entries
from tests.components.slice_report.simulated_evaluation import SETTINGS


@pytest.fixture(scope="module")
def explored(inputs):
    entries = slice_entries(inputs.candidate, None, SETTINGS)
    return exploration(inputs.candidate, entries, SETTINGS)


def test_every_class_has_rising_thresholds_with_the_frozen_one_among_them(inputs, explored):
    assert [one["class"] for one in explored] == list(inputs.candidate.card.classes)
    for one in explored:
        thresholds = np.array(one["thresholds"])
        assert (np.diff(thresholds) > 0).all()
        frozen = inputs.candidate.card.operating_point[one["class"]]
        assert thresholds[one["frozen"]] == frozen
        assert len(thresholds) <= 201


def test_the_counts_at_the_frozen_threshold_are_those_of_the_tables(inputs, explored):
    for one in explored:
        given = inputs.candidate.slices[(("site", "east"),)].classes[one["class"]]
        row = next(row for row in one["rows"] if row["slice"] == "site east")
        if row["true_positives"] is None:
            assert min(given.positives, given.negatives) < 10
            continue
        true_positives = row["true_positives"][one["frozen"]]
        false_positives = row["false_positives"][one["frozen"]]
        assert true_positives == pytest.approx(given.sensitivity.value * given.positives)
        assert false_positives == pytest.approx((1 - given.specificity.value) * given.negatives)


def test_a_higher_threshold_never_marks_more_cases(explored):
    for row in explored[0]["rows"]:
        if row["true_positives"] is not None:
            assert (np.diff(row["true_positives"]) <= 0).all()
            assert (np.diff(row["false_positives"]) <= 0).all()


def test_a_sparse_site_has_no_counts_to_explore(explored):
    rows = {row["slice"]: row for row in explored[0]["rows"]}
    assert rows["site tiny"]["true_positives"] is None
    assert rows["site north"]["true_positives"] is not None
