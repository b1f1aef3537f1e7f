"""Intervals, p-values and crossings, against hand-worked and independent values."""

import math

import numpy as np
import pytest
from scipy import stats

from components.site_evaluator.intervals import paired_difference
from components.site_evaluator.results import Estimate
from pipeline.study.statistics import (
    Crossing,
    first_crossing,
    holm,
    nested_replicates,
    over_seeds,
    two_sided_p,
)


def estimate_of(value: float, replicates) -> Estimate:
    return Estimate(value, math.nan, math.nan, np.asarray(replicates, float))


def test_without_patient_noise_the_spread_is_the_standard_error_over_seeds():
    # Values 0, 1, 2 in every resample: standard error of their mean is 1 / sqrt(3).
    replicates = np.repeat([[0.0], [1.0], [2.0]], 200, axis=1)
    assert nested_replicates(replicates).std() == pytest.approx(1 / math.sqrt(3), rel=0.02)


def test_without_seed_noise_the_spread_is_that_of_the_patients():
    of_patients = np.random.default_rng(1).normal(0.8, 0.02, 200)
    nested = nested_replicates(np.stack([of_patients] * 3))
    assert nested.std() == pytest.approx(of_patients.std())
    assert np.quantile(nested, 0.025) == pytest.approx(np.quantile(of_patients, 0.025), abs=1e-3)


def test_both_sources_of_variance_add_up():
    rng = np.random.default_rng(2)
    patients = rng.normal(0, 0.03, 200)
    seeds = np.array([-0.05, 0.0, 0.02, 0.03])
    nested = nested_replicates(patients[np.newaxis] + seeds[:, np.newaxis])
    expected = patients.var() + seeds.var(ddof=1) / 4
    assert nested.var() == pytest.approx(expected, rel=0.03)


def test_one_seed_has_the_interval_of_its_patients():
    replicates = np.linspace(0, 1, 200)
    found = over_seeds([estimate_of(0.5, replicates)])
    assert (found.lower, found.upper) == pytest.approx(
        tuple(np.quantile(replicates, [0.025, 0.975]))
    )


def test_what_two_models_share_on_a_patient_cancels_out():
    hard_patients = np.random.default_rng(3).poisson(1, 200) / 10
    better = [estimate_of(0.8 + seed / 100, 0.8 + seed / 100 - hard_patients) for seed in range(3)]
    worse = [estimate_of(0.7 + seed / 100, 0.7 + seed / 100 - hard_patients) for seed in range(3)]
    pairs = [paired_difference(a, b) for a, b in zip(better, worse, strict=True)]
    difference = over_seeds(pairs)
    assert (difference.value, difference.lower, difference.upper) == pytest.approx((0.1,) * 3)


def test_p_is_that_of_a_normal_difference():
    replicates = np.random.default_rng(4).normal(0.03, 0.015, 20_000)
    found = over_seeds([estimate_of(0.03, replicates)])
    expected = 2 * stats.norm.sf(0.03 / replicates.std(ddof=1))
    assert two_sided_p(found) == pytest.approx(expected)
    assert two_sided_p(found) == pytest.approx(0.0455, abs=0.004)


def test_no_interval_no_p():
    assert math.isnan(two_sided_p(over_seeds([estimate_of(math.nan, [math.nan] * 200)])))


def test_holms_correction_by_hand():
    # Sorted 0.01, 0.02, 0.03, 0.04 times 4, 3, 2, 1, each at least the one before.
    assert holm([0.03, 0.01, 0.04, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.9, 0.6]) == [1.0, 1.0]


def test_holm_leaves_out_what_was_not_compared():
    corrected = holm([0.01, math.nan, 0.02])
    assert math.isnan(corrected[1])
    assert corrected[0] == pytest.approx(0.02)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (0.70, Crossing("at_smallest", 0.1)),
        (0.80, Crossing("reached", 0.35)),  # Half way from 0.75 at 20% to 0.85 at 50%.
        (0.90, Crossing("reached", 1.0)),
        (0.91, Crossing("not_reached", None)),
    ],
)
def test_where_a_curve_reaches_a_value(target, expected):
    found = first_crossing([0.1, 0.2, 0.5, 1.0], [0.70, 0.75, 0.85, 0.90], target)
    assert found.status == expected.status
    assert found.fraction == (expected.fraction and pytest.approx(expected.fraction))
