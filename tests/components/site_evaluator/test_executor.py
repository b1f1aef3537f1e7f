import pytest
from tfx.types import channel, standard_artifacts

from components.site_evaluator.component import SiteEvaluator
from components.site_evaluator.executor import Executor
from components.site_evaluator.reader import load_evaluation
from components.site_evaluator.sufficiency import SampleLimits
from tests.components.site_evaluator.prediction_files import make_card, write_predictions
from tests.components.site_evaluator.synthetic_cases import CLASSES, make_cases


def artifact(artifact_class, uri):
    result = artifact_class()
    result.uri = str(uri)
    return [result]


@pytest.mark.parametrize("beside_candidate", [False, True])
def test_the_executor_evaluates_the_predictions(tmp_path, beside_candidate):
    predictions = write_predictions(
        tmp_path / "predictions", make_cases(60, 3), make_card("multi_label", CLASSES)
    )
    inputs = {"predictions": artifact(standard_artifacts.InferenceResult, predictions)}
    if beside_candidate:
        inputs["candidate_predictions"] = inputs["predictions"]
    Executor(Executor.Context(tmp_dir=str(tmp_path / "tmp"), unique_id="1")).Do(
        inputs,
        {"evaluation": artifact(standard_artifacts.ModelEvaluation, tmp_path / "evaluation")},
        {"slice_features": "[]", "seed": 0, "split": "test", "limits": "{}"},
    )
    evaluation = load_evaluation(str(tmp_path / "evaluation"))
    north = evaluation.slices[("site", "north"),]
    assert north.cases == 20
    assert bool(north.reclassified) is beside_candidate


def test_the_component_hands_its_settings_to_the_executor():
    component = SiteEvaluator(
        channel.Channel(type=standard_artifacts.InferenceResult),
        SampleLimits(min_cases=30),
        '[["site", "sex"]]',
        seed=5,
        split="validation",
    )
    assert component.exec_properties == {
        "slice_features": '[["site", "sex"]]',
        "seed": 5,
        "split": "validation",
        "limits": '{"min_cases": 30, "min_negatives": 10, "min_positives": 10}',
    }
    assert component.outputs["evaluation"].type is standard_artifacts.ModelEvaluation
