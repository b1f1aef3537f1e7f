"""Slices of the report: numbers as given, and none where there are too few cases."""

import dataclasses
import re

import numpy as np
import pytest

from components.slice_report.render import render
from components.slice_report.report_data import report_data
from tests.components.slice_report.simulated_evaluation import SETTINGS, simulated_inputs

RATES = ("auc", "sensitivity", "specificity", "ppv", "npv")


def entry(data, name):
    return next(entry for entry in data["slices"] if entry["name"] == name)


def with_counts(inputs, **changes):
    """The inputs with some fields of finding `effusion` at site north changed.

    Every case is of a patient of its own.
    """
    for kind in ("positive", "negative"):
        if f"{kind}s" in changes:
            changes[f"{kind}_patients"] = changes[f"{kind}s"]
    slices = dict(inputs.candidate.slices)
    north = slices[(("site", "north"),)]
    effusion = dataclasses.replace(north.classes["effusion"], **changes)
    classes = dict(north.classes) | {"effusion": effusion}
    slices[(("site", "north"),)] = dataclasses.replace(north, classes=classes)
    return dataclasses.replace(
        inputs, candidate=dataclasses.replace(inputs.candidate, slices=slices)
    )


def test_a_metric_and_its_interval_are_those_of_the_evaluation(inputs, data):
    given = inputs.candidate.slices[(("site", "north"),)]
    shown = entry(data, "site north")["models"]["candidate"]
    for name, estimate in given.metrics.items():
        assert shown["metrics"][name] == {
            "status": "estimated",
            "value": estimate.value,
            "lower": estimate.lower,
            "upper": estimate.upper,
        }
    for class_name, metrics in given.classes.items():
        assert shown["classes"][class_name]["positives"] == metrics.positives
        for rate in ("sensitivity", "specificity"):
            if shown["classes"][class_name][rate]["status"] == "estimated":
                value = getattr(metrics, rate).value
                assert shown["classes"][class_name][rate]["value"] == value


def test_a_site_with_few_cases_has_counts_but_no_number(inputs, data):
    tiny = entry(data, "site tiny")
    assert tiny["cases"] == 6
    for role, model in tiny["models"].items():
        assert {item["status"] for item in model["metrics"].values()} == {"too_few"}
        assert {item["value"] for item in model["metrics"].values()} == {None}
        for name, values in model["classes"].items():
            given = getattr(inputs, role).slices[(("site", "tiny"),)].classes[name]
            assert (values["positives"], values["negatives"]) == (given.positives, given.negatives)
            assert {values[rate]["value"] for rate in RATES} == {None}
            assert values["roc"] is None
            assert values["calibration"] is None
    assert {item["value"] for item in tiny["differences"].values()} == {None}


@pytest.mark.parametrize(
    ("counts", "shown"),
    [
        ({"positives": 10, "negatives": 10}, {"auc", "sensitivity", "specificity", "ppv", "npv"}),
        ({"positives": 9, "negatives": 90}, {"specificity"}),
        ({"positives": 90, "negatives": 9}, {"sensitivity"}),
    ],
)
def test_a_rate_is_shown_only_with_enough_cases_in_its_denominator(counts, shown):
    inputs = with_counts(simulated_inputs(), **counts)
    values = entry(report_data(inputs), "site north")["models"]["candidate"]["classes"]["effusion"]
    assert {rate for rate in RATES if values[rate]["status"] == "estimated"} == shown


@pytest.mark.parametrize(
    ("marked", "unmarked", "too_few"), [(9, 91, "ppv"), (91, 9, "npv"), (10, 10, None)]
)
def test_a_predictive_value_needs_enough_patients_with_such_a_case(marked, unmarked, too_few):
    counts = {"marked_patients": marked, "unmarked_patients": unmarked}
    inputs = with_counts(simulated_inputs(), positives=40, negatives=60, **counts)
    values = entry(report_data(inputs), "site north")["models"]["candidate"]["classes"]["effusion"]
    shown = {rate: values[rate]["status"] for rate in ("ppv", "npv")}
    expected = dict.fromkeys(shown, "estimated")
    assert shown == (expected if too_few is None else expected | {too_few: "too_few"})


def test_a_row_of_the_confusion_matrix_has_shares_if_its_patients_are_enough():
    inputs = simulated_inputs("multi_class")
    slices = dict(inputs.candidate.slices)
    overall = slices[()]
    name = inputs.candidate.card.classes[0]
    of_class = dataclasses.replace(overall.classes[name], positive_patients=9)
    slices[()] = dataclasses.replace(overall, classes={**overall.classes, name: of_class})
    evaluation = dataclasses.replace(inputs.candidate, slices=slices)
    few, enough = (
        re.findall(r'<table class="matrix">.*?</table>', render(report_data(chosen)), re.DOTALL)[0]
        for chosen in (dataclasses.replace(inputs, candidate=evaluation), inputs)
    )
    classes = len(inputs.candidate.card.classes)
    assert (few.count("%</span>"), enough.count("%</span>")) == (classes**2 - classes, classes**2)


def test_an_undefined_metric_is_not_a_number_in_the_report():
    inputs = simulated_inputs()
    nothing = dataclasses.replace(inputs.candidate.slices[()].metrics["mean_auc"], value=np.nan)
    inputs = with_counts(inputs, auc=nothing)
    values = entry(report_data(inputs), "site north")["models"]["candidate"]["classes"]["effusion"]
    assert values["auc"] == {"status": "undefined", "value": None, "lower": None, "upper": None}


def test_all_cases_come_first_then_distributions_then_sites_by_falling_n(data):
    names = [item["name"] for item in data["slices"]]
    assert names[:7] == [
        "all cases",
        "in distribution",
        "held-out sites",
        "site north",
        "site east",
        "site island <b>",
        "site tiny",
    ]
    assert {item["kind"] for item in data["slices"][7:]} == {"subgroup"}


def test_held_out_sites_are_flagged(data):
    assert [item["name"] for item in data["slices"] if item["held_out"]] == ["site island <b>"]


def test_a_held_out_site_without_cases_shows_as_such():
    inputs = simulated_inputs()
    settings = dataclasses.replace(SETTINGS, held_out_sites=("island <b>", "overseas"))
    missing = entry(report_data(dataclasses.replace(inputs, settings=settings)), "site overseas")
    assert (missing["cases"], missing["models"], missing["held_out"]) == (0, {}, True)


def test_the_difference_to_the_baseline_is_paired_by_replicate(inputs, data):
    key = (("site", "north"),)
    candidate = inputs.candidate.slices[key].metrics["mean_auc"]
    baseline = inputs.baseline.slices[key].metrics["mean_auc"]
    difference = entry(data, "site north")["differences"]["mean_auc"]
    interval = np.percentile(candidate.replicates - baseline.replicates, [2.5, 97.5])
    assert difference["value"] == pytest.approx(candidate.value - baseline.value)
    assert [difference["lower"], difference["upper"]] == pytest.approx(list(interval))


def test_a_plotted_roc_curve_keeps_the_area_of_the_whole_curve(inputs, data):
    given = inputs.candidate.slices[()].classes
    for name, values in data["slices"][0]["models"]["candidate"]["classes"].items():
        roc = values["roc"]
        area = np.trapz(roc["true_positive_rate"], roc["false_positive_rate"])
        assert area == pytest.approx(given[name].auc.value, abs=0.005)


def test_a_mean_over_classes_names_the_absent_and_the_sparse_ones():
    inputs = simulated_inputs()
    north = entry(report_data(with_counts(inputs, positives=0)), "site north")
    assert north["models"]["candidate"]["absent_classes"] == ["effusion"]
    north = entry(report_data(with_counts(inputs, positives=9)), "site north")
    assert "effusion" in north["models"]["candidate"]["sparse_classes"]


def test_a_mean_auc_is_not_shown_where_every_class_is_too_sparse_for_its_own():
    inputs = simulated_inputs()
    key = (("site", "north"),)
    north = inputs.candidate.slices[key]
    sparse = {
        name: dataclasses.replace(c, negatives=4, negative_patients=4)
        for name, c in north.classes.items()
    }

    def mean_auc_status(classes):
        slices = dict(inputs.candidate.slices) | {key: dataclasses.replace(north, classes=classes)}
        candidate = dataclasses.replace(inputs.candidate, slices=slices)
        data = report_data(dataclasses.replace(inputs, candidate=candidate))
        metrics = entry(data, "site north")["models"]["candidate"]["metrics"]
        return metrics["mean_auc"]["status"]

    assert mean_auc_status(sparse) == "too_few"
    assert mean_auc_status(sparse | {"effusion": north.classes["effusion"]}) == "estimated"
