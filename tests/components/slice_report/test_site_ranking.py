"""Sites are ranked by the same classes, or not at all."""

import dataclasses

import numpy as np
import pytest

from components.slice_report.estimates import WITHHELD, without_number
from components.slice_report.settings import ReportSettings
from components.slice_report.site_ranking import heterogeneity, rank_sites
from components.slice_report.slice_entries import slice_entries
from tests.components.promotion_gate.handmade_evaluations import (
    make_class,
    make_estimate,
    make_evaluation,
    make_slice,
)

SETTINGS = ReportSettings(title="t", intended_use="u")
LIMITS = SETTINGS.sample_limits


def ranked(metric="mean_auc", **slices):
    evaluation = make_evaluation(**slices)
    return rank_sites(evaluation, slice_entries(evaluation, None, SETTINGS), metric, LIMITS)


def order(ranking):
    return [one.site for one in ranking.sites]


def test_sites_with_the_same_classes_are_ranked_by_their_own_mean():
    ranking = ranked(north=make_slice(0.9), south=make_slice(0.7), east=make_slice(0.8))
    assert order(ranking) == ["south", "east", "north"]
    assert ranking.classes == ()
    assert [one.estimate.value for one in ranking.sites] == [0.7, 0.8, 0.9]


def test_an_easy_class_of_one_site_alone_does_not_lift_it_above_the_others():
    # North's own mean is (0.75 + 0.99) / 2 = 0.87; by edema, which all have, it is the worst.
    ranking = ranked(
        north=make_slice(0.75, cyst=make_class(auc=0.99)),
        south=make_slice(0.80, cyst=make_class(auc=0.60, positives=9)),
        east=make_slice(0.85),
    )
    assert order(ranking) == ["north", "south", "east"]
    assert ranking.classes == ("edema",)
    spread = heterogeneity(ranking)
    assert spread["classes"] == ["edema"]
    assert (spread["lowest"]["site"], spread["lowest"]["value"]) == ("north", 0.75)
    assert spread["gap"]["value"] == pytest.approx(0.10)


def test_the_gap_has_a_paired_interval():
    wider = np.linspace(-0.1, 0.1, 200)
    spread = heterogeneity(ranked(north=make_slice(0.9), south=make_slice(0.7, spread=wider)))
    differences = np.linspace(-0.05, 0.05, 200) - wider + 0.2
    assert spread["gap"]["lower"] == pytest.approx(np.percentile(differences, 2.5))
    assert spread["gap"]["upper"] == pytest.approx(np.percentile(differences, 97.5))


def test_sites_without_a_shared_class_are_not_ranked():
    absent = {"positives": 0, "negatives": 90}
    ranking = ranked(
        north=make_slice(0.9, cyst=make_class(positives=0)),
        south=make_slice(cyst=make_class(auc=0.8), **absent),
    )
    assert ranking.sites == ()
    assert heterogeneity(ranking) is None


def test_balanced_accuracy_ranks_sites_only_over_the_same_classes():
    def slice_with(value, **cyst):
        made = make_slice(cyst=make_class(**cyst))
        metrics = {**made.metrics, "balanced_accuracy": make_estimate(value)}
        return dataclasses.replace(made, metrics=metrics)

    same = {name: slice_with(value) for name, value in (("north", 0.6), ("east", 0.7))}
    every = same | {"overall": slice_with(0.7), "in_distribution": slice_with(0.7)}
    every |= {"shifted": slice_with(0.7)}
    assert order(ranked("balanced_accuracy", south=slice_with(0.5), **every)) == [
        "south",
        "north",
        "east",
    ]
    other = ranked("balanced_accuracy", south=slice_with(0.5, positives=9), **every)
    assert other.sites == ()


def test_a_site_with_too_few_cases_is_not_ranked():
    assert set(order(ranked(south=make_slice(0.1, cases=19)))) == {"north", "east"}


def test_no_site_is_no_ranking():
    few = {name: make_slice(cases=19) for name in ("north", "south", "east")}
    assert ranked(**few) is None


def withheld(entries, site, metric):
    """The entries with a metric of the class cyst withheld at a site."""
    [entry] = [entry for entry in entries if entry["features"] == {"site": site}]
    entry["models"]["candidate"]["classes"]["cyst"][metric] = without_number(WITHHELD)
    return entries


def test_what_is_withheld_does_not_hide_that_means_are_over_different_classes():
    evaluation = make_evaluation(north=make_slice(0.75, cyst=make_class(auc=0.99)))
    entries = withheld(slice_entries(evaluation, None, SETTINGS), "north", "auc")
    ranking = rank_sites(evaluation, entries, "mean_auc", LIMITS)
    assert (order(ranking)[0], ranking.classes) == ("north", ("edema",))


def test_sites_are_not_ranked_by_a_shared_class_that_is_withheld():
    absent = {"positives": 0, "negatives": 90}
    cyst = make_class(auc=0.8)
    evaluation = make_evaluation(
        north=make_slice(cyst=cyst),
        south=make_slice(cyst=cyst, **absent),
        east=make_slice(cyst=cyst),
    )
    entries = withheld(slice_entries(evaluation, None, SETTINGS), "east", "auc")
    assert rank_sites(evaluation, entries, "mean_auc", LIMITS).sites == ()


def test_sites_with_the_same_classes_are_ranked_though_a_class_is_withheld():
    cyst = make_class(auc=0.8)
    sites = {name: make_slice(cyst=cyst) for name in ("north", "south", "east")}
    evaluation = make_evaluation(**sites)
    entries = withheld(slice_entries(evaluation, None, SETTINGS), "east", "auc")
    assert len(rank_sites(evaluation, entries, "mean_auc", LIMITS).sites) == 3
