"""Numbers and sentences as a person reads them."""

import numpy as np
import pytest

from components.site_evaluator.results import Estimate
from components.slice_report import number_format
from components.slice_report.site_ranking import RankedSite, SiteRanking
from components.slice_report.summary import findings
from components.slice_report.vocabulary import judged_end, rule_name, rule_sense, slice_name


def estimate(value, lower=None, upper=None, status="estimated"):
    return {"status": status, "value": value, "lower": lower, "upper": upper}


@pytest.mark.parametrize(
    ("metric", "value", "interval"),
    [("sensitivity", "87.3%", "82.1 to 91.4"), ("auc", "0.873", "0.821 to 0.914")],
)
def test_rates_are_percentages_and_areas_are_not(metric, value, interval):
    given = estimate(0.8731, 0.8213, 0.9136)
    assert number_format.value(given, metric) == value
    assert number_format.interval(given, metric) == interval


def test_differences_have_a_sign_and_percentages_are_in_points():
    given = estimate(-0.0321, -0.0712, 0.011)
    assert number_format.signed_value(given, "accuracy") == "−3.2 points"
    assert number_format.signed_interval(given, "accuracy") == "−7.1 to +1.1"
    assert number_format.signed_value(given, "auc") == "−0.032"
    assert number_format.signed_value(estimate(-0.0001), "auc") == "0.000"


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("too_few", "too few to estimate"),
        ("undefined", "not defined"),
        ("missing", "not available"),
    ],
)
def test_what_has_no_number_says_why(status, words):
    assert number_format.value(estimate(None, status=status), "auc") == words
    assert number_format.signed_value(estimate(None, status=status), "auc") == words


def test_a_bound_is_printed_without_idle_digits():
    assert [number_format.bound(x) for x in (0.75, 1.0, -0.05, 0.12345, None)] == [
        "0.75",
        "1",
        "−0.05",
        "0.1235",
        "not available",
    ]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("minimum sensitivity:lung edema", "minimum sensitivity of lung edema"),
        ("max_shift_gap mean_auc", "max shift gap mean AUC"),
        ("max_quarantined_fraction", "max quarantined fraction"),
        ("sample_size cases", "sample size cases"),
        ("sample_size positives:edema", "sample size cases with edema"),
    ],
)
def test_a_rule_is_named_in_words(rule, words):
    assert rule_name(rule) == words


@pytest.mark.parametrize(
    ("rule", "sense"),
    [
        ("minimum mean_auc", "at_least"),
        ("sample_size cases", "at_least"),
        ("max_shift_gap mean_auc", "at_most"),
        ("better_than_baseline mean_auc", "above"),
        ("not_worse_than_champion auc:edema", "above"),
    ],
)
def test_a_rule_says_on_which_side_of_its_bound_a_number_must_lie(rule, sense):
    assert rule_sense(rule) == sense


@pytest.mark.parametrize(
    ("requirement", "lower", "end"),
    [
        ("minimum_lower", 0.7, "lower"),
        ("minimum_value", 0.7, "value"),
        ("shift_gap_upper", 0.1, "upper"),
        ("non_inferior", -0.1, "lower"),
        ("calibration_error", 0.01, "value"),
        ("latency", None, None),
    ],
)
def test_a_rule_says_which_end_of_the_interval_it_judges(requirement, lower, end):
    sentence = {
        "key": "gate.reason",
        "values": {"requirement": {"key": f"gate.asked.{requirement}"}},
    }
    assert judged_end({"lower": lower, "sentence": sentence}) == end


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ((), "all cases"),
        ((("distribution", "in_distribution"),), "in distribution"),
        ((("age_group", "40-59"), ("sex", "female")), "age 40-59, sex female"),
        ((("scanner_type", "A"),), "scanner type A"),
    ],
)
def test_a_slice_is_named_in_words(key, words):
    assert slice_name(key) == words


def ranking(*sites, classes=()):
    ranked = [
        RankedSite(name, 50, Estimate(value, value - 0.1, value + 0.1, np.zeros(0)))
        for name, value in sites
    ]
    return SiteRanking("accuracy", tuple(ranked), classes)


def overall(difference):
    return {"differences": {"accuracy": difference}}


def shift(loss):
    return [{"site": "east", "metric": "accuracy", "loss": loss}]


def test_the_lowest_site_is_named_with_interval_and_n():
    [sentence] = findings(ranking(("b", 0.7), ("a", 0.9)), overall(None), [], "accuracy", None)
    assert sentence == (
        "Lowest accuracy of any site with enough cases: 70.0% (95% CI 60.0 to 80.0) at b, n = 50."
    )


def test_sites_ranked_over_shared_classes_are_said_to_be():
    ranked = ranking(("b", 0.7), ("a", 0.9), classes=("cyst", "edema"))
    [sentence] = findings(ranked, overall(None), [], "accuracy", None)
    assert sentence.startswith(
        "Over cyst, edema alone, which every site with enough cases has enough cases of, accuracy "
        "is lowest at b: 70.0% (95% CI 60.0 to 80.0), n = 50."
    )


def test_sites_that_cannot_be_ranked_are_said_not_to_be():
    [sentence] = findings(ranking(), overall(None), [], "accuracy", None)
    assert sentence.startswith("The sites are not ranked by accuracy:")


def test_a_loss_is_said_to_be_lower_only_if_its_interval_leaves_out_zero():
    clear = findings(None, overall(None), shift(estimate(0.08, 0.03, 0.13)), "accuracy", None)
    assert clear == [
        "Held-out site east: accuracy is 8.0 points lower (95% CI −13.0 to −3.0) than in "
        "distribution."
    ]
    unclear = shift(estimate(0.08, -0.1, 0.2))
    [open_question] = findings(None, overall(None), unclear, "accuracy", None)
    assert open_question == (
        "Held-out site east: accuracy is not clearly different from that in distribution: "
        "−8.0 points (95% CI −20.0 to +10.0)."
    )
    [no_interval] = findings(None, overall(None), shift(estimate(0.08)), "accuracy", None)
    assert "not clearly different" in no_interval


def test_the_baseline_is_compared_over_all_cases():
    [sentence] = findings(None, overall(estimate(0.05, 0.01, 0.09)), [], "accuracy", "the champion")
    assert sentence == (
        "Over all cases, accuracy is 5.0 points higher (95% CI +1.0 to +9.0) than with "
        "the champion."
    )
