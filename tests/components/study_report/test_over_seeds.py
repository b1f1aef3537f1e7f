"""Intervals and p-values over seeds and patients, by hand and by how often they are right."""

import math

import numpy as np
import pytest
from scipy import stats

from components.site_evaluator.intervals import estimate, estimate_of_share, paired_difference
from components.study_report.over_seeds import SHARE, of_difference, over_seeds, two_sided_p

WIDE = (-100.0, 100.0)


def half_width(found):
    return (found.upper - found.lower) / 2


def constant(value, resamples=200):
    return estimate(value, np.full(resamples, value))


def test_without_patient_noise_the_interval_is_students_of_the_seeds():
    found = over_seeds([constant(value) for value in (0.0, 1.0, 2.0)], WIDE)
    assert found.value == 1.0
    # 4.303 is the quantile of t with 2 degrees of freedom; the standard error is 1 / sqrt(3).
    assert half_width(found) == pytest.approx(4.303 / math.sqrt(3), rel=1e-4)


def test_without_seed_noise_the_interval_is_that_of_the_patients_once():
    of_patients = np.random.default_rng(1).normal(0.5, 0.02, 200)
    found = over_seeds([estimate(0.5, of_patients)] * 3, SHARE)
    assert half_width(found) == pytest.approx(stats.t.ppf(0.975, 199) * of_patients.std(ddof=1))


def test_both_sources_add_up_in_square():
    patients = np.random.default_rng(2).normal(0, 0.03, 200)
    seeds = np.array([-0.05, 0.0, 0.02, 0.03])
    found = over_seeds([estimate(seed, patients + seed) for seed in seeds], WIDE)
    of_patients = stats.t.ppf(0.975, 199) * patients.std(ddof=1)
    of_seeds = stats.t.ppf(0.975, 3) * stats.sem(seeds)
    assert half_width(found) == pytest.approx(math.hypot(of_patients, of_seeds))


def test_what_each_training_makes_of_the_patients_counts_once():
    # Values that differ by nothing but their own patients: the resamples' variance is all of
    # that, so the part for patients is about 0 and what is left is the variance of the values.
    rng = np.random.default_rng(3)
    values = np.array([0.48, 0.50, 0.52])
    replicates = values[:, np.newaxis] + rng.normal(0, 0.02, (3, 2000))
    found = over_seeds([estimate(v, r) for v, r in zip(values, replicates, strict=True)], SHARE)
    assert half_width(found) == pytest.approx(4.303 * stats.sem(values), rel=0.02)


def test_seeds_that_agree_by_chance_are_no_surer_than_their_resamples():
    replicates = 0.5 + np.random.default_rng(3).normal(0, 0.02, (3, 200))
    found = over_seeds([estimate(0.5, of_seed) for of_seed in replicates], SHARE)
    expected = stats.t.ppf(0.975, 199) * replicates.mean(axis=0).std(ddof=1)
    assert half_width(found) == pytest.approx(expected)


def test_what_two_models_share_on_a_patient_cancels_out_and_its_rounding_is_no_evidence():
    hard_patients = np.random.default_rng(3).poisson(1, 200) / 10
    better = [estimate(0.81 + s / 100, 0.81 + s / 100 - hard_patients) for s in range(3)]
    worse = [estimate(0.7 + s / 100, 0.7 + s / 100 - hard_patients) for s in range(3)]
    pairs = [paired_difference(a, b) for a, b in zip(better, worse, strict=True)]
    difference = over_seeds(pairs, of_difference(SHARE))
    assert (difference.value, difference.lower, difference.upper) == pytest.approx((0.11,) * 3)
    assert math.isnan(two_sided_p(pairs))


def test_one_seed_has_the_p_of_students_t_over_its_patients():
    replicates = np.random.default_rng(4).normal(0.03, 0.015, 200)
    expected = 2 * stats.t.sf(0.03 / replicates.std(ddof=1), 199)
    assert two_sided_p([estimate(0.03, replicates)]) == pytest.approx(expected)


def test_p_of_seeds_alone_is_that_of_a_t_test():
    values = [0.01, 0.02, 0.05]
    expected = stats.ttest_1samp(values, 0).pvalue
    assert two_sided_p([constant(value) for value in values]) == pytest.approx(expected)


@pytest.mark.parametrize("sign", [1, -1])
def test_p_is_005_where_the_interval_just_touches_zero(sign):
    rng = np.random.default_rng(5)
    patients = rng.normal(0, 0.02, 200)
    seeds = np.array([-0.01, 0.0, 0.01])
    around_zero = over_seeds([estimate(s, s + patients) for s in seeds], WIDE)
    moved = sign * half_width(around_zero) + seeds
    assert two_sided_p([estimate(v, v + patients) for v in moved]) == pytest.approx(0.05)


def test_p_is_between_nothing_and_one():
    patients = np.random.default_rng(6).normal(0, 0.001, 200)
    assert 0 < two_sided_p([estimate(0.9, 0.9 + patients)]) < 1e-100
    assert two_sided_p([estimate(0.0, patients)]) == 1.0


def test_an_interval_keeps_to_the_range_of_its_metric():
    high = over_seeds([constant(value) for value in (0.90, 0.97, 0.99)], SHARE)
    low = over_seeds([constant(value) for value in (0.01, 0.03, 0.10)], SHARE)
    assert (high.upper, low.lower) == (1.0, 0.0)
    assert of_difference(SHARE) == (-1.0, 1.0)
    assert of_difference(of_difference(SHARE)) == (-2.0, 2.0)


def test_three_perfect_seeds_are_no_surer_than_one():
    perfect = [estimate_of_share(1.0, np.ones(200), trials=20) for _ in range(3)]
    found = over_seeds(perfect, SHARE)
    assert (found.lower, found.upper) == pytest.approx((0.025 ** (1 / 20), 1.0))


def test_an_exact_bound_that_reaches_zero_leaves_no_evidence():
    # Perfect in all resamples against a constant 0.9 that 20 patients do not tell from it.
    perfect = estimate_of_share(1.0, np.ones(200), trials=20)
    pairs = [paired_difference(perfect, constant(0.9))] * 3
    found = over_seeds(pairs, of_difference(SHARE))
    assert found.lower < 0
    assert two_sided_p(pairs) > 0.05


def test_one_seed_reaches_as_far_as_its_own_exact_bound():
    replicates = np.random.default_rng(7).normal(0.9, 0.01, 2000)
    plain = estimate(0.9, replicates)
    single = type(plain)(0.9, 0.85, plain.upper, replicates)
    assert over_seeds([single], SHARE).lower == pytest.approx(0.85, abs=5e-4)


def test_a_resample_in_which_one_seed_is_undefined_is_left_out():
    patients = np.random.default_rng(8).normal(0, 0.03, 200)
    holes = patients.copy()
    holes[:50] = math.nan
    found = over_seeds([estimate(0.5, 0.5 + holes), estimate(0.5, 0.5 + patients)], SHARE)
    expected = stats.t.ppf(0.975, 149) * patients[50:].std(ddof=1)
    assert half_width(found) == pytest.approx(expected)


def test_more_than_half_undefined_leaves_no_interval_and_no_p():
    holes = np.linspace(0.4, 0.6, 200)
    holes[:101] = math.nan
    seeds = [estimate(0.5, holes), estimate(0.5, np.linspace(0.4, 0.6, 200))]
    found = over_seeds(seeds, SHARE)
    assert (found.value, math.isnan(found.lower), math.isnan(found.upper)) == (0.5, True, True)
    assert math.isnan(two_sided_p(seeds))


def test_no_value_no_p():
    seeds = [estimate(math.nan, np.full(200, math.nan))]
    assert math.isnan(over_seeds(seeds, SHARE).value)
    assert math.isnan(two_sided_p(seeds))


@pytest.mark.parametrize(
    ("patients", "interaction", "seeds"),
    [
        *((1, 0, 0), (1, 1, 0), (0, 1, 0)),  # No seed effect.
        *((1, 0, math.sqrt(3)), (0, 0, 1)),  # Seeds have half of the variance, and all of it.
        *((1, 0, 3 * math.sqrt(3)), (1, 1, 1), (0, 1, 2)),
    ],
    ids=lambda deviation: f"{deviation:.2g}",
)
def test_an_interval_of_three_seeds_holds_the_truth_95_times_in_100(patients, interaction, seeds):
    """Normal deviations of a model: of its patients, of these in its own way, and of its seed."""
    rng = np.random.default_rng(9)
    studies, resamples = 500, 200
    held = significant = 0
    for _ in range(studies):
        values = (
            patients * rng.normal() + interaction * rng.normal(size=3) + seeds * rng.normal(size=3)
        )
        replicates = (
            values[:, np.newaxis]
            + patients * rng.normal(size=resamples)
            + interaction * rng.normal(size=(3, resamples))
        )
        models = [estimate(v, r) for v, r in zip(values, replicates, strict=True)]
        found = over_seeds(models, WIDE)
        held += found.lower <= 0 <= found.upper
        significant += two_sided_p(models) < 0.05
    # The share of 500 studies itself varies, by 1 in 100 or so.
    assert 0.93 <= held / studies <= 0.995
    assert held + significant == studies
