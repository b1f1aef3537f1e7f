"""From predictions on disk through Beam and TFMA to what readers get."""

import json
from pathlib import Path

import apache_beam as beam
import numpy as np
import pytest
import tensorflow_model_analysis as tfma
from sklearn.metrics import accuracy_score, roc_auc_score

from components.case_predictor.predictions import read_card
from components.site_evaluator.evaluation import evaluate_predictions
from components.site_evaluator.reader import load_evaluation
from components.site_evaluator.results import OVERALL
from tests.components.site_evaluator.prediction_files import make_card, write_predictions
from tests.components.site_evaluator.synthetic_cases import (
    ANY_NUMBER,
    CLASSES,
    evaluate,
    make_cases,
)
from trainer.errors import UserError


def run(directory, cases, card, files=1, slice_features="[]", split="test"):
    predictions = write_predictions(directory / "predictions", cases, card, files)
    with beam.Pipeline() as pipeline:
        evaluate_predictions(
            predictions,
            str(directory / "evaluation"),
            pipeline,
            ANY_NUMBER,
            slice_features=slice_features,
            split=split,
        )
    return load_evaluation(str(directory / "evaluation"))


def only(cases, chosen):
    return {name: values[chosen] for name, values in cases.items()}


@pytest.fixture(scope="module")
def findings():
    """Cases of three sites; the site `tiny` has three of them, all without any finding."""
    cases = make_cases(240, 3)
    tiny = {**make_cases(3, 3, unknown_share=0), "label": np.zeros((3, 3), np.float32)}
    tiny["site"] = np.full(3, "tiny")
    tiny["patient_id"] = np.array(["t0", "t1", "t2"])
    validation = {**make_cases(30, 3, seed=9), "split": np.full(30, "validation")}
    parts = (cases, tiny, validation)
    return {name: np.concatenate([part[name] for part in parts]) for name in cases}


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    return tmp_path_factory.mktemp("findings")


@pytest.fixture(scope="module")
def evaluation(directory, findings):
    return run(directory, findings, make_card("multi_label", CLASSES))


def test_slices_are_all_cases_and_every_value_of_the_six_features(evaluation):
    assert next(iter(evaluation.slices)) == OVERALL
    features = {key[0] for key in evaluation.slices if len(key) == 1}
    assert {name for name, _ in features} == {
        "site", "distribution", "sex", "age_group", "view", "image_count"
    }  # fmt: skip
    assert {value for name, value in features if name == "site"} == {
        "north", "south", "east", "tiny"
    }  # fmt: skip


def test_a_further_feature_of_the_predictions_is_sliced_by_if_asked(tmp_path, findings):
    scanner = np.where(findings["sex"] == "male", "GE", "Philips")
    cases = {**findings, "scanner": scanner}
    card = make_card("multi_label", CLASSES)
    result = run(tmp_path, cases, card, slice_features='[["scanner"]]')
    male, made_by_ge = (("sex", "male"),), (("scanner", "GE"),)
    assert result.slices[made_by_ge].cases == result.slices[male].cases > 0


def test_a_feature_that_no_prediction_has_is_named(tmp_path, findings):
    with pytest.raises(Exception, match=r"the predictions have no feature scanner\. Name it in"):
        run(tmp_path, findings, make_card("multi_label", CLASSES), slice_features='[["scanner"]]')


def test_validation_cases_are_left_out(evaluation, findings):
    evaluated = only(findings, findings["split"] != "validation")
    assert evaluation.slices[OVERALL].cases == (evaluated["label_weight"].sum(axis=1) > 0).sum()


def test_a_slice_says_of_how_many_patients_its_cases_are(evaluation, findings):
    for site in ("north", "south"):
        chosen = (findings["site"] == site) & (findings["split"] != "validation")
        labelled = only(findings, chosen & (findings["label_weight"].sum(axis=1) > 0))
        result = evaluation.slices[("site", site),]
        assert result.patients == len(set(labelled["patient_id"])) < result.cases


def test_a_site_has_the_metrics_of_its_cases(evaluation, findings):
    north = only(findings, (findings["site"] == "north") & (findings["split"] != "validation"))
    known = north["label_weight"][:, 1] > 0
    result = evaluation.slices[("site", "north"),].classes["effusion"]
    expected = roc_auc_score(north["label"][known, 1], north["score"][known, 1])
    assert result.auc.value == pytest.approx(expected, abs=1e-9)


def test_what_is_read_back_is_what_was_computed(evaluation, findings):
    computed = evaluate(only(findings, findings["split"] != "validation"))
    read = evaluation.slices[OVERALL]
    assert read.metrics.keys() == computed.metrics.keys()
    for name in CLASSES:
        for attribute, value in vars(computed.classes[name]).items():
            received = getattr(read.classes[name], attribute)
            np.testing.assert_equal(
                vars(received) if hasattr(received, "lower") else received,
                vars(value) if hasattr(value, "lower") else value,
            )


def test_a_site_with_three_cases_and_no_positive_is_reported_as_undefined(evaluation):
    tiny = evaluation.slices[("site", "tiny"),]
    assert tiny.cases == 3
    assert np.isnan(tiny.metrics["mean_auc"].value)
    assert np.isnan(tiny.classes["edema"].sensitivity.value)
    assert tiny.classes["edema"].negatives == 3


def test_the_evaluation_says_what_was_evaluated_and_how(evaluation, directory):
    assert evaluation.card == read_card(str(directory / "predictions"))
    config = json.loads((directory / "evaluation" / "eval_config.json").read_text())
    text = json.dumps(config)
    assert "PatientResampledMetrics" in text
    assert "components.site_evaluator.metric" in text


def test_tfmas_own_example_count_agrees(evaluation, directory, findings):
    counts = {
        metric.value.double_value.value
        for record in tfma.load_metrics(str(directory / "evaluation"))
        for metric in record.metric_keys_and_values
        if metric.key.name == "example_count" and not record.slice_key.single_slice_keys
    }
    assert counts == {(findings["split"] != "validation").sum()}


def test_no_patient_is_named_in_the_evaluation(evaluation, directory):
    content = b"".join(
        path.read_bytes() for path in (directory / "evaluation").rglob("*") if path.is_file()
    )
    assert b"edema" in content
    assert b"p117" not in content


def test_two_files_and_a_crossing_change_no_other_result(evaluation, findings, tmp_path):
    crossed = run(
        tmp_path, findings, make_card("multi_label", CLASSES), 2, '[["sex", "distribution"]]'
    )
    crossing = (("distribution", "shifted"), ("sex", "male"))
    assert crossed.slices[crossing].cases > 0
    for key, expected in evaluation.slices.items():
        for name, metric in expected.metrics.items():
            np.testing.assert_array_equal(
                crossed.slices[key].metrics[name].replicates, metric.replicates
            )


def test_multi_class_predictions_have_accuracy_and_confusion_by_site(tmp_path):
    cases = make_cases(120, 3, multi_class=True)
    evaluation = run(tmp_path, cases, make_card("multi_class", CLASSES))
    south = only(cases, (cases["site"] == "south") & (cases["label_weight"][:, 0] > 0))
    true, predicted = south["label"].argmax(axis=1), south["score"].argmax(axis=1)
    result = evaluation.slices[("site", "south"),]
    assert result.metrics["accuracy"].value == accuracy_score(true, predicted)
    assert result.confusion.trace() == (true == predicted).sum()


def test_validation_is_evaluated_by_itself_where_it_is_asked_for(tmp_path, findings):
    evaluation = run(tmp_path, findings, make_card("multi_label", CLASSES), split="validation")
    assert evaluation.slices[OVERALL].cases == (findings["split"] == "validation").sum()


def test_predictions_without_a_test_case_are_a_users_mistake(tmp_path):
    cases = {**make_cases(6, 3), "split": np.full(6, "validation")}
    with pytest.raises(UserError, match="test or shifted split"):
        run(tmp_path, cases, make_card("multi_label", CLASSES))


def test_missing_predictions_are_a_users_mistake(tmp_path):
    with pytest.raises(UserError, match="no file predictions-"):
        evaluate_predictions(str(tmp_path), str(Path(tmp_path, "out")), beam.Pipeline(), ANY_NUMBER)
