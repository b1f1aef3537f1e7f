"""Slope and intercept of calibration: against scikit-learn's regression without a penalty."""

import warnings

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from components.site_evaluator.recalibration import logits, recalibration
from components.site_evaluator.resampling import REPLICATES, case_weights, patient_key
from tests.components.site_evaluator.synthetic_cases import CLASSES, evaluate, make_cases


def fitted(logit, label, weight=None):
    model = LogisticRegression(penalty=None, tol=1e-10, max_iter=1000)
    model.fit(logit[:, np.newaxis], label, sample_weight=weight)
    return model.intercept_[0], model.coef_[0, 0]


def known_of(cases, index):
    known = cases["label_weight"][:, index] > 0
    score = cases["score"][known, index].astype(np.float64)
    return known, cases["label"][known, index], np.log(score / (1 - score))


@pytest.mark.parametrize("multi_class", [False, True])
def test_slope_and_intercept_equal_scikit_learns_to_a_millionth(multi_class):
    cases = make_cases(600, 3, multi_class=multi_class)
    result = evaluate(cases, multi_class)
    for index, name in enumerate(CLASSES):
        _, label, logit = known_of(cases, index)
        of_class = result.classes[name]
        received = of_class.calibration_intercept.value, of_class.calibration_slope.value
        assert received == pytest.approx(fitted(logit, label), abs=1e-6)


def test_a_replicate_is_the_fit_with_the_patients_weights():
    cases = make_cases(200, 3)
    keys = [patient_key(patient.encode()) for patient in cases["patient_id"]]
    weights = case_weights(np.array(keys, np.uint64), seed=0)
    known, label, logit = known_of(cases, 1)
    of_class = evaluate(cases).classes["effusion"]
    for replicate in (0, 57, REPLICATES - 1):
        expected = fitted(logit, label, weights[known, replicate + 1])
        for received, value in zip(
            (of_class.calibration_intercept, of_class.calibration_slope), expected, strict=True
        ):
            hundredth = (received.upper - received.lower) / 100
            assert received.replicates[replicate] == pytest.approx(value, abs=hundredth)


def test_scores_that_are_what_happens_have_slope_1_and_too_extreme_ones_half():
    rng = np.random.default_rng(3)
    logit = rng.normal(-0.5, 1.2, 20_000)
    present = rng.random(20_000) < 1 / (1 + np.exp(-logit))
    histogram = np.stack([~present, present])[:, :, np.newaxis].astype(int)
    intercept, slope = recalibration(logit, histogram)
    assert (intercept[0], slope[0]) == pytest.approx((0, 1), abs=0.06)
    assert recalibration(2 * logit, histogram)[1][0] == pytest.approx(slope[0] / 2)


def test_the_interval_holds_the_true_slope_and_excludes_a_wrong_one():
    cases = make_cases(2000, 1, unknown_share=0)
    rng = np.random.default_rng(4)
    logit = rng.normal(0, 1.5, (2000, 1))
    truth = 1 / (1 + np.exp(-0.7 * logit))
    cases |= {"label": (rng.random((2000, 1)) < truth).astype(np.float32)}
    cases |= {"score": (1 / (1 + np.exp(-logit))).astype(np.float32)}
    slope = evaluate(cases).classes["edema"].calibration_slope
    assert slope.lower < 0.7 < slope.upper < 1


@pytest.mark.parametrize(
    ("score", "label"),
    [
        ((0.1, 0.2, 0.8, 0.9), (0, 0, 1, 1)),
        ((0.1, 0.2, 0.8, 0.9), (1, 1, 0, 0)),
        ((0.1, 0.5, 0.5, 0.9), (0, 0, 1, 1)),
        ((0.3, 0.3, 0.3, 0.3), (0, 1, 0, 1)),
        ((0.1, 0.2, 0.8, 0.9), (1, 1, 1, 1)),
    ],
    ids=["separated", "the wrong way", "but for a tie", "one score", "one kind"],
)
def test_without_overlap_there_is_no_slope_and_no_warning(score, label):
    histogram = np.stack([1 - np.array(label), label])[:, :, np.newaxis].repeat(3, axis=2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        intercept, slope = recalibration(logits(np.array(score)), histogram)
    assert np.isnan(intercept).all()
    assert np.isnan(slope).all()


def test_where_many_replicates_are_separated_there_is_a_value_without_interval():
    """One case keeps the two kinds from being separated: a third of the replicates lack it."""
    cases = {
        "patient_id": np.array([f"p{index}" for index in range(40)]),
        "label": np.repeat([0, 1], 20).astype(np.float32)[:, np.newaxis],
        "label_weight": np.ones((40, 1), np.float32),
        "score": np.linspace(0.1, 0.9, 40, dtype=np.float32)[:, np.newaxis],
    }
    cases["label"][3] = 1
    slope = evaluate(cases).classes["edema"].calibration_slope
    assert np.isfinite(slope.value)
    assert np.isnan([slope.lower, slope.upper]).all()


def test_a_probability_of_0_or_1_has_finite_log_odds():
    assert logits(np.float32([0, 0.5, 1])) == pytest.approx([-12, 0, 12])
