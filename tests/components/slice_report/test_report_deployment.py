"""Two-by-two counts, predictive values at another prevalence, and how far the sites lie apart."""

import dataclasses

import numpy as np
import pytest

from components.site_evaluator.intervals import estimate_of_share
from components.slice_report.deployment import at_prevalence
from components.slice_report.render import render
from components.slice_report.report_data import report_data
from components.slice_report.settings import ReportSettings
from tests.components.slice_report.simulated_evaluation import SETTINGS, simulated_inputs
from trainer.errors import UserError


def reported(**settings):
    inputs = simulated_inputs("multi_label")
    return inputs, report_data(
        dataclasses.replace(inputs, settings=dataclasses.replace(SETTINGS, **settings))
    )


def of_class(data, slice_name, class_name="effusion"):
    entry = next(entry for entry in data["slices"] if entry["name"] == slice_name)
    return entry["models"]["candidate"]["classes"][class_name]


def test_the_four_counts_give_the_rates_back(data, inputs):
    name = inputs.candidate.card.classes[0]
    given = inputs.candidate.slices[()].classes[name]
    counts = of_class(data, "all cases", name)["counts"]
    true_positives, false_positives = counts["true_positives"], counts["false_positives"]
    assert true_positives + counts["false_negatives"] == given.positives
    assert false_positives + counts["true_negatives"] == given.negatives
    assert true_positives / given.positives == pytest.approx(given.sensitivity.value)
    assert true_positives / (true_positives + false_positives) == pytest.approx(given.ppv.value)


def test_predictive_values_follow_from_sensitivity_specificity_and_the_stated_prevalence():
    inputs, data = reported(deployment_prevalence={"effusion": 0.02})
    given = inputs.candidate.slices[()].classes["effusion"]
    shown = of_class(data, "all cases")["at_deployment"]
    # Of 10,000 cases 200 have the condition.
    marked_ill = 200 * given.sensitivity.value
    marked_well = 9800 * (1 - given.specificity.value)
    assert shown["ppv"]["value"] == pytest.approx(marked_ill / (marked_ill + marked_well))
    left_well, left_ill = 9800 - marked_well, 200 - marked_ill
    assert shown["npv"]["value"] == pytest.approx(left_well / (left_well + left_ill))
    # Zou and Donner (2008): what either rate's own end changes, added in square.
    fewer_ill = 200 * given.sensitivity.lower
    more_marked = 9800 * (1 - given.specificity.lower)
    changes = (
        shown["ppv"]["value"] - fewer_ill / (fewer_ill + marked_well),
        shown["ppv"]["value"] - marked_ill / (marked_ill + more_marked),
    )
    assert shown["ppv"]["lower"] == pytest.approx(shown["ppv"]["value"] - np.hypot(*changes))


def rate(value, trials):
    return estimate_of_share(value, np.full(200, value), trials)


def test_a_perfect_specificity_does_not_make_a_sure_predictive_value():
    """15 of 15: the exact interval of 1 is 0.025 ** (1 / 15) = 0.782 to 1."""
    inputs = simulated_inputs("multi_label")
    given = inputs.candidate.slices[()].classes["effusion"]
    perfect = dataclasses.replace(given, specificity=rate(1.0, 15), sensitivity=rate(0.8, 15))
    shown = at_prevalence(perfect, 0.02, enough=True)
    assert (shown["ppv"]["value"], shown["ppv"]["upper"]) == (1.0, 1.0)
    expected = 0.02 * 0.8 / (0.02 * 0.8 + 0.98 * (1 - 0.025 ** (1 / 15)))
    assert shown["ppv"]["lower"] == pytest.approx(expected)
    # NPV: both its ends come from the specificity alone.
    npv = 0.98 / (0.98 + 0.02 * 0.2)
    assert shown["npv"]["value"] == pytest.approx(npv)
    assert shown["npv"]["lower"] < npv


def test_two_perfect_rates_add_in_square():
    inputs = simulated_inputs("multi_label")
    given = inputs.candidate.slices[()].classes["effusion"]
    perfect = dataclasses.replace(given, specificity=rate(1.0, 15), sensitivity=rate(1.0, 20))
    shown = at_prevalence(perfect, 0.5, enough=True)["npv"]
    low = 0.025 ** (1 / 20)
    assert shown["lower"] == pytest.approx(1 / (1 + (1 - low)))


def test_at_the_observed_prevalence_they_are_the_observed_values():
    inputs = simulated_inputs("multi_label")
    given = inputs.candidate.slices[()].classes["effusion"]
    observed = given.positives / (given.positives + given.negatives)
    _, data = reported(deployment_prevalence={"effusion": observed})
    shown = of_class(data, "all cases")["at_deployment"]
    assert shown["ppv"]["value"] == pytest.approx(given.ppv.value)
    assert shown["npv"]["value"] == pytest.approx(given.npv.value)


def test_they_are_shown_only_where_both_rates_are_and_only_if_stated():
    _, data = reported(deployment_prevalence={"effusion": 0.02})
    assert of_class(data, "site tiny")["at_deployment"]["ppv"]["status"] == "too_few"
    assert of_class(data, "all cases", "nodule")["at_deployment"] is None
    assert "where 2% of the cases have it" in render(data)


def test_a_prevalence_of_an_unknown_finding_or_out_of_range_is_the_users_mistake():
    with pytest.raises(UserError, match="deployment_prevalence: edema is no class of the model"):
        reported(deployment_prevalence={"edema": 0.1})
    with pytest.raises(ValueError, match="deployment_prevalence of x must lie between 0 and 1"):
        ReportSettings(title="t", intended_use="u", deployment_prevalence={"x": 2.0})


def test_the_gap_between_the_sites_is_that_of_the_best_and_the_worst(inputs, data):
    metric = data["main_metrics"][0]
    estimates = {
        site: inputs.candidate.slices[(("site", site),)].metrics[metric]
        for site in ("north", "east", "island <b>")
    }
    best = max(estimates, key=lambda site: estimates[site].value)
    worst = min(estimates, key=lambda site: estimates[site].value)
    spread = data["heterogeneity"]
    assert (spread["highest"]["site"], spread["lowest"]["site"]) == (best, worst)
    assert spread["sites"] == 3
    gap = estimates[best].value - estimates[worst].value
    assert spread["gap"]["value"] == pytest.approx(gap)
    differences = estimates[best].replicates - estimates[worst].replicates
    assert spread["gap"]["upper"] == pytest.approx(np.percentile(differences, 97.5))


def test_one_site_alone_is_not_compared():
    inputs = simulated_inputs("multi_label", sites={"north": 160, "tiny": 6})
    assert report_data(inputs)["heterogeneity"] is None


def test_input_quality_has_each_sites_reasons(data):
    rows = {row["site"]: row for row in data["population"]}
    assert rows["north"]["quarantined"] == {"cannot be decoded": 2}
    assert rows["tiny"]["quarantined"] == {"file is missing": 1}
    assert rows["island <b>"]["quarantined"] == {}
