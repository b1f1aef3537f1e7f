"""Metrics of a slice against scikit-learn and formulas written down here."""

import warnings

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from components.site_evaluator.case_records import pack_case
from components.site_evaluator.counts import logit_grid
from components.site_evaluator.intervals import estimate_of_auc
from components.site_evaluator.sufficiency import (
    SampleLimits,
    averaged_classes,
    why_too_few,
)
from components.statement import Statement
from tests.components.site_evaluator.synthetic_cases import CLASSES, evaluate, make_cases
from trainer.errors import UserError


def known_of(cases, index):
    known = cases["label_weight"][:, index] > 0
    score = cases["score"][known, index].astype(np.float64)
    return cases["label"][known, index], score


@pytest.fixture(scope="module")
def findings():
    return make_cases(600, 3)


@pytest.fixture(scope="module")
def classes():
    return make_cases(600, 3, multi_class=True)


def test_auc_equals_scikit_learns_on_the_known_labels(findings):
    result = evaluate(findings)
    for index, name in enumerate(CLASSES):
        expected = sklearn_metrics.roc_auc_score(*known_of(findings, index))
        assert result.classes[name].auc.value == pytest.approx(expected, abs=1e-12)


def test_auc_from_1024_bins_agrees_with_scikit_learn_within_a_thousandth(findings):
    result = evaluate(findings, edges=(logit_grid(),) * 3)
    for index, name in enumerate(CLASSES):
        expected = sklearn_metrics.roc_auc_score(*known_of(findings, index))
        assert result.classes[name].auc.value == pytest.approx(expected, abs=1e-3)


def test_tied_scores_count_half(findings):
    coarse = {**findings, "score": np.round(findings["score"], 1)}
    expected = sklearn_metrics.roc_auc_score(*known_of(coarse, 0))
    assert evaluate(coarse).classes["edema"].auc.value == pytest.approx(expected, abs=1e-12)


def test_the_roc_curve_equals_scikit_learns(findings):
    result = evaluate(findings).classes["effusion"]
    expected = sklearn_metrics.roc_curve(*known_of(findings, 1), drop_intermediate=False)
    np.testing.assert_allclose(result.false_positive_rate, expected[0])
    np.testing.assert_allclose(result.true_positive_rate, expected[1])
    np.testing.assert_array_equal(result.roc_threshold, expected[2])


def test_a_roc_threshold_marks_the_cases_of_its_point_also_with_1024_bins(findings):
    label, score = known_of(findings, 1)
    result = evaluate(findings, edges=(logit_grid(),) * 3).classes["effusion"]
    marked = score[:, np.newaxis] >= result.roc_threshold
    np.testing.assert_allclose(result.true_positive_rate, marked[label == 1].mean(axis=0))
    np.testing.assert_allclose(result.false_positive_rate, marked[label == 0].mean(axis=0))


def test_brier_score_equals_scikit_learns(findings):
    result = evaluate(findings)
    for index, name in enumerate(CLASSES):
        expected = sklearn_metrics.brier_score_loss(*known_of(findings, index))
        assert result.classes[name].brier.value == pytest.approx(expected, abs=1e-8)


def test_calibration_in_the_large_is_the_share_of_positives_minus_the_mean_probability(findings):
    label, score = known_of(findings, 0)
    received = evaluate(findings).classes["edema"].calibration_in_the_large.value
    assert received == pytest.approx(label.mean(dtype=float) - score.mean(), abs=1e-8)


def test_rates_at_the_operating_point_equal_those_of_the_confusion_matrix(findings):
    result = evaluate(findings, threshold=0.3)
    for index, name in enumerate(CLASSES):
        label, score = known_of(findings, index)
        tn, fp, fn, tp = sklearn_metrics.confusion_matrix(label, score >= 0.3).ravel()
        of_class = result.classes[name]
        assert (of_class.positives, of_class.negatives) == (tp + fn, tn + fp)
        assert of_class.sensitivity.value == tp / (tp + fn)
        assert of_class.specificity.value == tn / (tn + fp)
        assert of_class.ppv.value == tp / (tp + fp)
        assert of_class.npv.value == tn / (tn + fn)


@pytest.mark.parametrize("edges", [None, (logit_grid(),)])
def test_a_score_at_the_threshold_is_positive_and_the_next_smaller_one_is_not(edges):
    threshold = np.float32(0.3)
    just_below = np.nextafter(threshold, np.float32(0))
    cases = {
        "patient_id": np.array(["a", "b"]),
        "label": np.ones((2, 1), np.float32),
        "label_weight": np.ones((2, 1), np.float32),
        "score": np.array([[threshold], [just_below]]),
    }
    result = evaluate(cases, threshold=float(threshold), edges=edges)
    assert result.classes["edema"].sensitivity.value == 0.5


def test_mean_auc_leaves_out_a_finding_without_positives(findings):
    label = findings["label"].copy()
    label[:, 2] = 0
    result = evaluate({**findings, "label": label})
    aucs = [sklearn_metrics.roc_auc_score(*known_of(findings, index)) for index in (0, 1)]
    assert np.isnan(result.classes["mass"].auc.value)
    assert result.metrics["mean_auc"].value == pytest.approx(np.mean(aucs))


def test_means_are_over_the_classes_with_enough_cases_the_same_in_every_resample(classes):
    """Of three cases, chance decides the AUC, and some resamples of patients have none."""
    rare = np.flatnonzero(classes["label"][:, 2] > 0)[3:]
    cases = {name: np.delete(values, rare, axis=0) for name, values in classes.items()}
    every_class = evaluate(cases, multi_class=True)
    result = evaluate(cases, multi_class=True, limits=SampleLimits())
    assert [result.classes[name].positives >= 10 for name in CLASSES] == [True, True, False]
    for mean, of_class in (("mean_auc", "auc"), ("mean_average_precision", "average_precision")):
        both = [getattr(result.classes[name], of_class) for name in CLASSES[:2]]
        expected = np.mean([estimate.value for estimate in both])
        replicates = np.mean([estimate.replicates for estimate in both], axis=0)
        assert result.metrics[mean].value == pytest.approx(expected)
        np.testing.assert_allclose(result.metrics[mean].replicates, replicates)
        # With the rare class, a resample without it has no mean, rather than one of other classes.
        lacking = np.isnan(every_class.classes["mass"].auc.replicates)
        assert 0 < lacking.sum() < len(lacking)
        np.testing.assert_array_equal(np.isnan(every_class.metrics[mean].replicates), lacking)
    recalls = np.diagonal(result.confusion) / result.confusion.sum(axis=1)
    assert result.metrics["balanced_accuracy"].value == pytest.approx(recalls[:2].mean())
    assert every_class.metrics["balanced_accuracy"].value == pytest.approx(recalls.mean())


def test_patients_with_and_without_a_class_are_counted_once(findings):
    result = evaluate(findings)
    for index, name in enumerate(CLASSES):
        known = findings["label_weight"][:, index] > 0
        present = findings["label"][:, index] > 0
        counts = result.classes[name]
        assert counts.positive_patients == len(set(findings["patient_id"][known & present]))
        assert counts.negative_patients == len(set(findings["patient_id"][known & ~present]))
        assert counts.positive_patients < counts.positives


def test_patients_with_a_marked_and_with_an_unmarked_case_are_counted_once(findings):
    result = evaluate(findings, threshold=0.5)
    for index, name in enumerate(CLASSES):
        known = findings["label_weight"][:, index] > 0
        marked = findings["score"][:, index] >= 0.5
        counts = result.classes[name]
        assert counts.marked_patients == len(set(findings["patient_id"][known & marked]))
        assert counts.unmarked_patients == len(set(findings["patient_id"][known & ~marked]))
        assert counts.ppv.trials == counts.marked_patients


def test_a_predictive_value_needs_patients_with_a_marked_case(findings):
    marked = findings["score"][:, 0] >= 0.5
    one_patient = np.where(marked, "p0", findings["patient_id"])
    result = evaluate({**findings, "patient_id": one_patient}, threshold=0.5)
    limits = SampleLimits(min_positives=2)
    assert why_too_few("ppv:edema", result, limits) == Statement(
        "gate.lack.marked", {"found": 1, "needed": 2, "class": "edema"}
    )
    assert why_too_few("npv:edema", result, limits) is None


def separable(cases, cases_per_patient):
    """Cases of which each score tells the label, half of them positive."""
    label = (np.arange(cases) % 2).astype(np.float32)[:, np.newaxis]
    return {
        "patient_id": np.array([f"p{index // cases_per_patient}" for index in range(cases)]),
        "label": label,
        "label_weight": np.ones_like(label),
        "score": 0.2 + 0.6 * label,
    }


@pytest.mark.parametrize("cases_per_patient", [1, 2])
def test_a_perfect_auc_rests_on_pairs_of_patients_none_of_whom_is_in_two(cases_per_patient):
    result = evaluate(separable(48, cases_per_patient), limits=SampleLimits())
    pairs = 24 // cases_per_patient
    for perfect in (result.classes["edema"].auc, result.metrics["mean_auc"]):
        assert (perfect.value, perfect.upper, perfect.trials) == (1, 1, pairs)
        assert perfect.lower == estimate_of_auc(1.0, np.ones(200), pairs, pairs).lower


def test_perfect_balanced_accuracy_has_the_mean_of_the_exact_ends_of_its_classes():
    label = np.eye(3, dtype=np.float32)[[0] * 30 + [1] * 12 + [2] * 18]
    cases = {
        "patient_id": np.array([f"p{index}" for index in range(60)]),
        "label": label,
        "label_weight": np.ones_like(label),
        "score": 0.1 + 0.7 * label,
    }
    result = evaluate(cases, multi_class=True, limits=SampleLimits())
    perfect = result.metrics["balanced_accuracy"]
    ends = [0.025 ** (1 / patients) for patients in (30, 12, 18)]
    assert (perfect.value, perfect.lower) == (1, pytest.approx(np.mean(ends)))
    assert result.metrics["accuracy"].lower == pytest.approx(0.025 ** (1 / 60))


def test_many_cases_of_one_patient_are_not_enough_of_a_class(findings):
    one_patient = np.where(findings["label"][:, 0] > 0, "p0", findings["patient_id"])
    result = evaluate({**findings, "patient_id": one_patient}, limits=SampleLimits())
    edema = result.classes["edema"]
    assert (edema.positive_patients, edema.positives >= 10) == (1, True)
    assert why_too_few("sensitivity:edema", result, SampleLimits()) == Statement(
        "gate.lack.positives", {"found": 1, "needed": 10, "class": "edema"}
    )
    others = [result.classes[name].auc.value for name in CLASSES[1:]]
    assert result.metrics["mean_auc"].value == pytest.approx(np.mean(others))


@pytest.mark.parametrize(
    ("limits", "is_defined"),
    [
        (SampleLimits(min_positives=1, min_negatives=1, min_cases=600), False),
        (SampleLimits(min_positives=1, min_negatives=600, min_cases=1), False),
        (SampleLimits(min_positives=600, min_negatives=1, min_cases=1), False),
        (SampleLimits(min_positives=1, min_negatives=1, min_cases=1), True),
    ],
)
def test_where_no_class_has_enough_cases_there_is_no_mean(findings, limits, is_defined):
    result = evaluate(findings, limits=limits)
    for name in ("mean_auc", "mean_average_precision"):
        assert np.isfinite(result.metrics[name].value) == is_defined


def test_top_1_metrics_equal_scikit_learns_on_the_labelled_cases(classes):
    labelled = classes["label_weight"][:, 0] > 0
    true = classes["label"][labelled].argmax(axis=1)
    predicted = classes["score"][labelled].argmax(axis=1)
    result = evaluate(classes, multi_class=True)
    assert result.cases == labelled.sum()
    assert result.metrics["accuracy"].value == sklearn_metrics.accuracy_score(true, predicted)
    expected = sklearn_metrics.balanced_accuracy_score(true, predicted)
    assert result.metrics["balanced_accuracy"].value == pytest.approx(expected)
    np.testing.assert_array_equal(
        result.confusion, sklearn_metrics.confusion_matrix(true, predicted)
    )


def test_average_precision_equals_scikit_learns(findings):
    result = evaluate(findings)
    expected = [
        sklearn_metrics.average_precision_score(*known_of(findings, index)) for index in range(3)
    ]
    received = [result.classes[name].average_precision.value for name in CLASSES]
    assert received == pytest.approx(expected, abs=1e-12)
    mean = result.metrics["mean_average_precision"].value
    assert mean == pytest.approx(np.mean(expected), abs=1e-12)


def test_average_precision_of_tied_scores_equals_scikit_learns(findings):
    coarse = {**findings, "score": np.round(findings["score"], 1)}
    expected = sklearn_metrics.average_precision_score(*known_of(coarse, 0))
    received = evaluate(coarse).classes["edema"].average_precision.value
    assert received == pytest.approx(expected, abs=1e-12)


def test_log_loss_of_findings_is_the_mean_of_scikit_learns(findings):
    expected = [sklearn_metrics.log_loss(*known_of(findings, index)) for index in range(3)]
    received = evaluate(findings).metrics["log_loss"].value
    assert received == pytest.approx(np.mean(expected), abs=1e-6)


@pytest.mark.parametrize("mean", ["ece", "log_loss"])
def test_a_finding_that_is_hardly_ever_known_is_in_no_mean_of_probabilities(findings, mean):
    rarely = {**findings, "label_weight": findings["label_weight"].copy()}
    known = np.flatnonzero(rarely["label_weight"][:, 2])
    rarely["label_weight"][known[1:], 2] = 0
    limits = SampleLimits()
    result, every = evaluate(rarely, limits=limits), evaluate(findings, limits=limits)
    assert averaged_classes(mean, result, limits) == CLASSES[:2]
    assert averaged_classes(mean, every, limits) == CLASSES
    others = {**findings, "label_weight": findings["label_weight"] * [1, 1, 0]}
    expected = evaluate(others, limits=limits).metrics[mean]
    assert result.metrics[mean].value == expected.value
    np.testing.assert_array_equal(result.metrics[mean].replicates, expected.replicates)


@pytest.mark.parametrize("mean", ["ece", "log_loss"])
def test_where_every_finding_is_hardly_ever_known_the_sentence_says_what_each_lacks(findings, mean):
    limits = SampleLimits(min_cases=100)
    few = {**findings, "label_weight": np.zeros_like(findings["label_weight"])}
    for index in range(len(CLASSES)):
        few["label_weight"][60 * index : 60 * (index + 1), index] = 1
    result = evaluate(few, limits=limits)
    lack = why_too_few(mean, result, limits)
    assert lack is not None and lack.key == "gate.lack.each_class"
    assert len(lack.values["lacks"]) == len(CLASSES)
    assert np.isnan(result.metrics[mean].value)


def test_log_loss_of_classes_equals_scikit_learns(classes):
    labelled = classes["label_weight"][:, 0] > 0
    score = classes["score"][labelled].astype(np.float64)
    expected = sklearn_metrics.log_loss(
        classes["label"][labelled].argmax(axis=1), score / score.sum(axis=1, keepdims=True)
    )
    received = evaluate(classes, multi_class=True).metrics["log_loss"].value
    assert received == pytest.approx(expected, abs=1e-6)


def test_a_sure_and_wrong_score_has_a_finite_loss():
    cases = {
        "patient_id": np.array(["a"]),
        "label": np.ones((1, 1), np.float32),
        "label_weight": np.ones((1, 1), np.float32),
        "score": np.zeros((1, 1), np.float32),
    }
    # -ln(2^-23): the smallest probability that is told from 0.
    assert evaluate(cases).metrics["log_loss"].value == pytest.approx(23 * np.log(2), abs=1e-8)


def test_top_3_accuracy_equals_scikit_learns_and_needs_more_than_three_classes():
    five = make_cases(400, 5, multi_class=True)
    labelled = five["label_weight"][:, 0] > 0
    expected = sklearn_metrics.top_k_accuracy_score(
        five["label"][labelled].argmax(axis=1), five["score"][labelled], k=3
    )
    names = ("a", "b", "c", "d", "e")
    result = evaluate(five, multi_class=True, names=names)
    assert result.metrics["top_3_accuracy"].value == pytest.approx(expected, abs=1e-12)
    three = evaluate(make_cases(30, 3, multi_class=True), multi_class=True)
    assert "top_3_accuracy" not in three.metrics


def expected_calibration_error(label, score):
    """Naeini et al. 2015: mean over cases of the gap of the case's bin (ten of width 0.1)."""
    bins = np.minimum(np.floor(score * 10), 9)
    return sum(
        np.mean(bins == b) * abs(score[bins == b].mean() - label[bins == b].mean())
        for b in np.unique(bins)
    )


def test_calibration_error_of_findings_is_the_mean_over_findings(findings):
    errors = [expected_calibration_error(*known_of(findings, index)) for index in range(3)]
    result = evaluate(findings)
    assert result.metrics["ece"].value == pytest.approx(np.mean(errors), abs=1e-8)
    received = [result.classes[name].ece.value for name in CLASSES]
    assert received == pytest.approx(errors, abs=1e-8)


def test_calibration_error_of_classes_is_that_of_the_predicted_class(classes):
    labelled = classes["label_weight"][:, 0] > 0
    score = classes["score"][labelled].astype(np.float64)
    right = score.argmax(axis=1) == classes["label"][labelled].argmax(axis=1)
    expected = expected_calibration_error(right, score.max(axis=1))
    assert evaluate(classes, multi_class=True).metrics["ece"].value == pytest.approx(
        expected, abs=1e-8
    )


def test_reliability_bins_hold_mean_score_rate_and_count(findings):
    label, score = known_of(findings, 0)
    chosen = (score >= 0.4) & (score < 0.5)
    result = evaluate(findings).classes["edema"]
    assert result.calibration_count[4] == chosen.sum()
    assert result.calibration_rate[4] == label[chosen].sum() / chosen.sum()
    assert result.calibration_score[4] == pytest.approx(score[chosen].mean(), abs=1e-8)


def test_an_unlabelled_case_changes_nothing(findings):
    unlabelled = make_cases(50, 3, unknown_share=1.0, seed=1)
    both = {name: np.concatenate([findings[name], unlabelled[name]]) for name in findings}
    alone, together = evaluate(findings), evaluate(both)
    assert together.cases == alone.cases
    np.testing.assert_array_equal(
        together.metrics["mean_auc"].replicates, alone.metrics["mean_auc"].replicates
    )


@pytest.mark.parametrize("multi_class", [False, True])
def test_slices_without_positives_or_without_cases_are_nan_and_never_fail(multi_class):
    cases = make_cases(3, 3, multi_class=multi_class, unknown_share=0)
    one_class = {**cases, "label": np.tile(np.float32([0, 1, 0]), (3, 1))}
    empty = {name: values[:0] for name, values in cases.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sparse, nothing = evaluate(one_class, multi_class), evaluate(empty, multi_class)
    assert np.isnan(sparse.metrics["mean_auc"].value)
    assert sparse.classes["edema"].positives == 0
    assert np.isnan(sparse.classes["edema"].sensitivity.value)
    assert nothing.cases == 0
    assert all(np.isnan(metric.value) for metric in nothing.metrics.values())


@pytest.mark.parametrize("score", [np.nan, -0.1, 1.1])
def test_a_score_that_is_no_probability_is_refused(score):
    one = np.ones(1, np.float32)
    with pytest.raises(UserError, match=r"outside 0\.\.1"):
        pack_case(b"a", one, one, np.float32([score]))


def test_many_cases_of_one_patient_are_not_enough_of_a_slice(findings):
    one_patient = np.full(len(findings["patient_id"]), "p0")
    result = evaluate({**findings, "patient_id": one_patient}, limits=SampleLimits())
    assert why_too_few("log_loss", result, SampleLimits()) == Statement(
        "gate.lack.patients", {"found": 1, "needed": 10, "class": ""}
    )
    assert why_too_few("ece:edema", result, SampleLimits()) == Statement(
        "gate.lack.known_patients", {"found": 1, "needed": 10, "class": "edema"}
    )
