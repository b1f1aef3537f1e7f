"""Distribution shift: losses against values worked out from the replicates."""

import dataclasses

import numpy as np
import pytest

from components.site_evaluator.results import Evaluation
from components.slice_report.shift import shift_rows
from tests.components.slice_report.simulated_evaluation import SETTINGS, simulated_inputs

IN_DISTRIBUTION = (("distribution", "in_distribution"),)
ISLAND = (("site", "island <b>"),)


def loss(evaluation, row):
    sides = [evaluation.slices[key] for key in (IN_DISTRIBUTION, ISLAND)]
    if row["class"] is None:
        inside, outside = (side.metrics[row["metric"]] for side in sides)
    else:
        inside, outside = (getattr(side.classes[row["class"]], row["metric"]) for side in sides)
    return inside.value - outside.value, inside.replicates - outside.replicates


def estimated(rows):
    found = [row for row in rows if row["loss"]["status"] == "estimated"]
    assert found
    return found


def test_the_loss_is_in_distribution_minus_site_with_a_paired_interval(inputs):
    for row in estimated(shift_rows(inputs.candidate, inputs.baseline, SETTINGS)):
        value, replicates = loss(inputs.candidate, row)
        assert row["loss"]["value"] == pytest.approx(value)
        assert row["loss"]["lower"] == pytest.approx(np.percentile(replicates, 2.5))
        assert row["loss"]["upper"] == pytest.approx(np.percentile(replicates, 97.5))


def test_the_spared_loss_is_the_baselines_loss_minus_the_candidates(inputs):
    for row in estimated(shift_rows(inputs.candidate, inputs.baseline, SETTINGS)):
        ours, our_replicates = loss(inputs.candidate, row)
        theirs, their_replicates = loss(inputs.baseline, row)
        interval = np.percentile(their_replicates - our_replicates, [2.5, 97.5])
        assert row["spared_loss"]["value"] == pytest.approx(theirs - ours)
        assert [row["spared_loss"][end] for end in ("lower", "upper")] == pytest.approx(
            list(interval)
        )


def test_both_sides_average_over_the_findings_that_the_site_has():
    inputs = simulated_inputs("multi_label")
    inside = inputs.candidate.slices[IN_DISTRIBUTION]
    outside = inputs.candidate.slices[ISLAND]
    nothing = dataclasses.replace(outside.classes["cardiomegaly"], positives=0, negatives=0)
    outside = dataclasses.replace(outside, classes={**outside.classes, "cardiomegaly": nothing})
    slices = {**inputs.candidate.slices, ISLAND: outside}
    row, *_ = shift_rows(Evaluation(inputs.candidate.card, slices), None, SETTINGS)
    assert row["classes"] == ["effusion", "nodule"]
    expected = (inside.classes["effusion"].auc.value + inside.classes["nodule"].auc.value) / 2
    assert row["in_distribution"]["value"] == pytest.approx(expected)


def test_each_class_has_a_row_for_sensitivity_and_one_for_specificity_over_their_own_cases(inputs):
    rows = shift_rows(inputs.candidate, inputs.baseline, SETTINGS)
    found = {
        (row["class"], row["metric"]): (row["in_distribution_cases"], row["cases"])
        for row in rows
        if row["class"] is not None
    }
    sides = [inputs.candidate.slices[key].classes for key in (IN_DISTRIBUTION, ISLAND)]
    of = {"sensitivity": "positives", "specificity": "negatives"}
    assert found == {
        (name, rate): tuple(getattr(side[name], kind) for side in sides)
        for name in inputs.candidate.card.classes
        for rate, kind in of.items()
    }


def test_a_class_with_few_positives_at_the_site_loses_no_sensitivity():
    inputs = simulated_inputs("multi_label")
    outside = inputs.candidate.slices[ISLAND]
    few = dataclasses.replace(outside.classes["effusion"], positive_patients=9)
    outside = dataclasses.replace(outside, classes={**outside.classes, "effusion": few})
    slices = {**inputs.candidate.slices, ISLAND: outside}
    rows = shift_rows(Evaluation(inputs.candidate.card, slices), None, SETTINGS)
    status = {row["metric"]: row["loss"]["status"] for row in rows if row["class"] == "effusion"}
    assert status == {"sensitivity": "too_few", "specificity": "estimated"}


def test_a_held_out_site_with_few_cases_has_no_loss(inputs):
    settings = dataclasses.replace(SETTINGS, held_out_sites=("tiny",))
    for row in shift_rows(inputs.candidate, inputs.baseline, settings):
        if row["class"] is None:
            assert (row["cases"], row["in_distribution_cases"]) == (6, 276)
            assert row["in_distribution"]["status"] == "estimated"
        for name in ("at_site", "loss", "baseline_loss", "spared_loss"):
            assert (row[name]["status"], row[name]["value"]) == ("too_few", None)


def test_without_a_baseline_its_columns_are_missing(inputs):
    for row in estimated(shift_rows(inputs.candidate, None, SETTINGS)):
        assert row["spared_loss"]["status"] == "missing"


def test_a_held_out_site_that_was_not_evaluated_is_missing(inputs):
    settings = dataclasses.replace(SETTINGS, held_out_sites=("overseas",))
    rows = shift_rows(inputs.candidate, inputs.baseline, settings)
    assert {row["loss"]["status"] for row in rows} == {"missing"}
