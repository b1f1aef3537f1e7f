"""The interval of the calibration error against resampling by brute force, and its coverage."""

import numpy as np
import pytest

from components.site_evaluator.calibration_error import calibration_error, mean_calibration_error
from components.site_evaluator.counts import SCORE_ONE
from tests.components.site_evaluator.synthetic_cases import evaluate, make_cases
from tests.components.site_evaluator.test_estimates import expected_calibration_error

BINS = 10


def calibration_of(score, label, weight):
    """Sums per bin and column as `Counts.calibration` has them, case by case."""
    bins = np.minimum(np.floor(score * BINS), BINS - 1)
    sums = np.zeros((3, BINS, len(weight)), np.int64)
    for index in range(BINS):
        chosen = weight[:, bins == index]
        fixed = np.round(score[bins == index] * SCORE_ONE).astype(np.int64)
        sums[:, index] = (chosen.sum(1), chosen @ label[bins == index], chosen @ fixed)
    return sums


def sample(random, cases, cases_per_patient=1, true_slope=1.0):
    """Cases whose log odds are `true_slope` times the stated ones, with Poisson resamples."""
    logit = np.repeat(random.normal(0, 1.5, cases // cases_per_patient), cases_per_patient)
    patients = len(logit) // cases_per_patient
    label = random.random(patients) < 1 / (1 + np.exp(-true_slope * logit[::cases_per_patient]))
    weight = np.vstack([np.ones(patients, int), random.poisson(1, (200, patients))])
    return (
        1 / (1 + np.exp(-logit)),
        np.repeat(label, cases_per_patient).astype(int),
        np.repeat(weight, cases_per_patient, axis=1),
    )


def true_error(true_slope):
    """By integration: the gap of each bin's mean stated and mean true probability."""
    logit = np.linspace(-9, 9, 200_001)
    density = np.exp(-0.5 * (logit / 1.5) ** 2)
    density /= density.sum()
    stated, true = 1 / (1 + np.exp(-logit)), 1 / (1 + np.exp(-true_slope * logit))
    bins = np.minimum(np.floor(stated * BINS), BINS - 1)
    return sum(abs((density * (stated - true))[bins == index].sum()) for index in range(BINS))


def test_value_and_ends_are_those_of_drawing_patients_by_brute_force():
    score, label, weight = sample(np.random.default_rng(1), 400, true_slope=0.4)
    found = calibration_error(calibration_of(score, label, weight))
    value = expected_calibration_error(label, score)
    drawn = []
    random = np.random.default_rng(2)
    for _ in range(4000):
        rows = random.integers(len(score), size=len(score))
        drawn.append(expected_calibration_error(label[rows], score[rows]))
    upper = np.quantile(drawn, 0.975)
    assert found.value == pytest.approx(value, abs=1e-9)
    # Ends of 200 resamples are uncertain by 0.19 of the standard error each.
    tolerance = 4 * 0.19 * np.std(drawn)
    assert found.lower == pytest.approx(2 * value - upper, abs=tolerance)
    assert found.upper == pytest.approx(upper - (np.mean(drawn) - value), abs=tolerance)
    assert np.mean(found.replicates) == pytest.approx(np.mean(drawn), abs=tolerance)


@pytest.mark.parametrize("seed", range(20))
def test_the_interval_holds_the_value_and_stays_within_0_and_1(seed):
    random = np.random.default_rng(seed)
    cases, slope = int(random.integers(20, 300)), random.uniform(0, 1.2)
    found = calibration_error(calibration_of(*sample(random, cases, true_slope=slope)))
    assert 0 <= found.lower <= found.value <= found.upper <= 1


def test_the_resamples_own_quantiles_would_leave_some_values_out():
    random = np.random.default_rng(3)
    errors = [calibration_error(calibration_of(*sample(random, 100))) for _ in range(40)]
    left_out = [one for one in errors if np.quantile(one.replicates, 0.025) > one.value]
    assert left_out
    assert {one.lower for one in left_out} == {0.0}


@pytest.mark.parametrize("true_slope", [1.0, 0.8, 0.4])
@pytest.mark.parametrize(("cases", "cases_per_patient"), [(60, 1), (400, 1), (400, 4)])
def test_it_covers_the_true_error_far_more_often_than_the_resamples_quantiles(
    true_slope, cases, cases_per_patient
):
    random = np.random.default_rng(4)
    truth, runs, held, held_by_quantiles = true_error(true_slope), 150, 0, 0
    for _ in range(runs):
        found = calibration_error(
            calibration_of(*sample(random, cases, cases_per_patient, true_slope))
        )
        lower, upper = np.quantile(found.replicates, (0.025, 0.975))
        # A perfectly calibrated model's error is 0 but for the integration.
        held += found.lower - 1e-6 <= truth <= found.upper
        held_by_quantiles += lower - 1e-6 <= truth <= upper
    # Binomial: at 90%, fewer than 124 of 150 has a probability below 0.005.
    assert held >= 124
    assert held >= held_by_quantiles


def test_a_mean_over_findings_has_the_mean_of_their_resamples():
    random = np.random.default_rng(5)
    parts = [calibration_of(*sample(random, 300, true_slope=slope)) for slope in (0.2, 0.5)]
    single = [calibration_error(part) for part in parts]
    found = mean_calibration_error(parts)
    assert found.value == pytest.approx(np.mean([one.value for one in single]))
    assert found.replicates == pytest.approx(np.mean([one.replicates for one in single], axis=0))
    upper = np.quantile(found.replicates, 0.975)
    assert found.lower == pytest.approx(2 * found.value - upper)


def test_an_evaluation_has_these_intervals_of_findings_and_of_their_mean():
    result = evaluate(make_cases(300, 3))
    for ece in (result.metrics["ece"], *(one.ece for one in result.classes.values())):
        assert 0 <= ece.lower <= ece.value <= ece.upper
        assert ece.lower < np.quantile(ece.replicates, 0.025)


def test_without_cases_there_is_neither_value_nor_interval():
    found = calibration_error(np.zeros((3, BINS, 201), np.int64))
    assert np.isnan([found.value, found.lower, found.upper]).all()
