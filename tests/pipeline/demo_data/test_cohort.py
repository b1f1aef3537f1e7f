"""The drawn cases follow the shares that their site states."""

import itertools

import numpy as np
import pytest

from pipeline.demo_data.cohort import sample_cases
from pipeline.demo_data.findings import FINDINGS
from pipeline.demo_data.sites import HARBOUR, NORTH, SITES, VALLEY

CASES = list(sample_cases(np.random.default_rng(0), NORTH, 1500))


def test_as_many_cases_as_asked_for_each_with_its_own_identifier():
    assert len({case.case_id for case in CASES}) == 1500
    one = list(sample_cases(np.random.default_rng(1), NORTH, 1))
    assert len(one) == 1


@pytest.mark.parametrize("finding", FINDINGS)
def test_a_finding_is_about_as_frequent_as_the_site_states(finding):
    known = [case.labels[finding] for case in CASES if case.labels[finding]]
    # A few more than stated: findings of a first visit often last to the second.
    assert np.mean([label == "1" for label in known]) == pytest.approx(
        NORTH.prevalence[finding], abs=0.06
    )


def test_one_label_in_twelve_is_unknown():
    blank = [label == "" for case in CASES for label in case.labels.values()]
    assert np.mean(blank) == pytest.approx(0.08, abs=0.015)


def test_seven_cases_in_ten_have_several_images_and_none_more_than_five():
    counts = np.array([len(case.views) for case in CASES])
    assert (counts > 1).mean() == pytest.approx(0.72, abs=0.04)
    assert set(counts) == {1, 2, 3, 4, 5}


def test_the_first_image_of_a_case_is_frontal():
    assert {case.views[0] for case in CASES} == {"PA", "AP"}


def test_one_patient_in_eight_comes_twice_with_the_same_anatomy():
    visits = [list(group) for _, group in itertools.groupby(CASES, lambda case: case.patient_id)]
    twice = [group for group in visits if len(group) == 2]
    assert len(twice) / len(visits) == pytest.approx(0.12, abs=0.03)
    assert all(first.anatomy == second.anatomy for first, second in twice)
    assert any(first.labels != second.labels for first, second in twice)


def test_an_identifier_of_one_site_is_none_of_another():
    rng = np.random.default_rng(2)
    patients = [{case.patient_id for case in sample_cases(rng, s, 50)} for s in SITES.values()]
    assert not set.intersection(*patients)
    assert len(set.union(*patients)) == sum(map(len, patients))


def test_the_held_out_site_takes_most_images_at_the_bedside():
    rng = np.random.default_rng(3)
    shares = {}
    for site in (NORTH, HARBOUR, VALLEY):
        views = [view for case in sample_cases(rng, site, 300) for view in case.views]
        shares[site.name] = np.mean([view == "AP" for view in views])
    assert shares["valley"] > 0.5 > shares["harbour"] > shares["north"]


@pytest.mark.parametrize("site", SITES.values(), ids=lambda site: site.name)
def test_a_sites_shares_are_shares(site):
    assert sum(site.views.values()) == pytest.approx(1)
    assert all(0.15 <= share <= 0.4 for share in site.prevalence.values())
