"""Which model a candidate is compared with, and how its absence is handed on."""

import pytest
from tfx.types import standard_artifacts

from components.absent_model import AbsentModel, read_absent
from components.case_predictor.executor import Executor as CasePredictorExecutor
from components.champion_source.executor import Executor
from components.champion_source.lineage import read_lineage
from components.fine_tuner.model_card import CARD, model_digest
from components.model_registry.registry import ModelRegistry
from components.site_evaluator.executor import Executor as SiteEvaluatorExecutor
from tests.components.champion_source.model_artifacts import artifact, make_model
from tests.components.model_registry.handmade_models import make_record


@pytest.fixture
def registry(tmp_path):
    return ModelRegistry.at(str(tmp_path / "registry"))


@pytest.fixture
def find(tmp_path, registry):
    """Runs the component with candidate `new`; returns the folder of the champion."""

    def run(candidate="new"):
        output = tmp_path / f"champion-of-{candidate}"
        folder = tmp_path / candidate
        if not folder.exists():
            make_model(folder, candidate)
        Executor().Do(
            {"model": artifact(standard_artifacts.Model, folder)},
            {"champion": artifact(standard_artifacts.Model, output)},
            {"registry": registry.location, "registry_state": ""},
        )
        return output

    return run


def promote(registry, saved_model, against=""):
    record = make_record(saved_model, against=against)
    registry.register(record, saved_model)
    registry.promote(record.model, "me")
    return record.model


def test_without_a_champion_its_absence_is_as_it_should_be(find):
    absent = read_absent(str(find()))
    assert absent.nothing_to_ask
    assert read_lineage(str(find())) == {}
    assert "There is no champion yet" in absent.reason


def test_the_champion_is_copied_as_it_was_registered(find, registry, tmp_path):
    champion = promote(registry, make_model(tmp_path / "old", "old"))
    assert read_absent(str(find())) is None
    folder = find("newer")
    assert model_digest(str(folder / "Format-Serving")) == champion
    assert read_lineage(str(folder)) == registry.record(champion).lineage


def test_a_candidate_that_became_champion_meets_the_one_it_met_before(find, registry, tmp_path):
    former = promote(registry, make_model(tmp_path / "old", "old"))
    promote(registry, make_model(tmp_path / "new", "new"), against=former)
    assert model_digest(str(find() / "Format-Serving")) == former


def test_a_champion_for_other_classes_is_said_and_not_given(find, registry, tmp_path):
    champion = promote(registry, make_model(tmp_path / "old", "old", classes=("cyst",)))
    absent = read_absent(str(find()))
    assert absent.model_digest == champion
    assert not absent.nothing_to_ask
    assert absent.reason == (
        "The champion MICLe is multi-label (cyst), this model multi-label (edema); "
        "they are not compared"
    )


def test_a_champion_of_another_version_is_said_and_not_given(find, registry, tmp_path):
    old = make_model(tmp_path / "old", "old")
    (old / CARD).write_text('{"classes": ["edema"], "pretraining": [], "a_field_of_the_future": 1}')
    promote(registry, old)
    assert "cannot be read" in read_absent(str(find())).reason


def test_prediction_and_evaluation_hand_the_absence_on(tmp_path):
    absent = AbsentModel("There is no champion yet", nothing_to_ask=True)
    absent.write(str(tmp_path / "model"))
    predictions = artifact(standard_artifacts.InferenceResult, tmp_path / "predictions")
    CasePredictorExecutor().Do(
        {
            "examples": artifact(standard_artifacts.Examples, tmp_path / "cases"),
            "model": artifact(standard_artifacts.Model, tmp_path / "model"),
        },
        {"predictions": predictions},
        {"batch_size": 1},
    )
    evaluation = artifact(standard_artifacts.ModelEvaluation, tmp_path / "evaluation")
    SiteEvaluatorExecutor().Do(
        {"predictions": predictions},
        {"evaluation": evaluation},
        {"slice_features": "[]", "seed": 0},
    )
    assert read_absent(evaluation[0].uri) == absent
