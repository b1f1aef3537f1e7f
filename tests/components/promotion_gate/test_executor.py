"""The executor as TFX calls it, up to the standard Pusher that obeys its blessing."""

import json
from pathlib import Path

import pytest
from tensorflow_metadata.proto.v0 import anomalies_pb2
from tfx.components.pusher.executor import Executor as PusherExecutor
from tfx.types import channel, standard_artifacts

from components.absent_model import AbsentModel
from components.artifact_types import IngestionReport
from components.promotion_gate.component import PromotionGate
from components.promotion_gate.executor import Executor
from components.promotion_gate.rules import (
    ComparisonRule,
    DriftRule,
    GateRules,
    MinimumRule,
    to_json,
)
from components.promotion_gate.verdict import read_verdict
from components.site_evaluator.sufficiency import SampleLimits
from tests.components.promotion_gate.handmade_evaluations import (
    make_evaluation,
    make_ingestion,
    make_slice,
    rename,
    write_evaluation,
)
from tests.components.site_drift.handmade_statistics import write_views


def artifact(artifact_class, uri):
    result = artifact_class()
    result.uri = str(uri)
    return [result]


@pytest.fixture
def inputs(tmp_path):
    ingestion = tmp_path / "ingestion"
    ingestion.mkdir()
    make_ingestion().write(str(ingestion))
    model = artifact(standard_artifacts.Model, tmp_path / "model")
    model[0].id = 17
    evaluation = write_evaluation(tmp_path / "evaluation", make_evaluation())
    return {
        "evaluation": artifact(standard_artifacts.ModelEvaluation, evaluation),
        "ingestion_report": artifact(IngestionReport, ingestion),
        "model": model,
    }


def run_gate(tmp_path, inputs, rules):
    outputs = {
        "blessing": artifact(standard_artifacts.ModelBlessing, tmp_path / "blessing"),
        "verdict": artifact(standard_artifacts.ModelEvaluation, tmp_path / "verdict"),
    }
    Executor().Do(inputs, outputs, {"rules": to_json(rules), "limits": "{}"})
    return outputs["blessing"][0], read_verdict(str(tmp_path / "verdict"))


def pusher_obeys(blessing):
    return PusherExecutor().CheckBlessing({"model_blessing": [blessing]})


def files(directory):
    return [path.name for path in Path(directory).iterdir()]


def test_a_model_that_meets_the_rules_is_blessed(tmp_path, inputs):
    blessing, verdict = run_gate(
        tmp_path, inputs, GateRules(minimum=(MinimumRule("mean_auc", 0.8),))
    )
    assert verdict.passed
    assert files(blessing.uri) == ["BLESSED"]
    assert blessing.get_int_custom_property("blessed") == 1
    assert blessing.get_string_custom_property("current_model") == str(tmp_path / "model")
    assert blessing.get_int_custom_property("current_model_id") == 17
    assert pusher_obeys(blessing)


def test_a_model_that_does_not_is_not_pushed_and_the_verdict_says_why(tmp_path, inputs):
    blessing, verdict = run_gate(
        tmp_path, inputs, GateRules(minimum=(MinimumRule("mean_auc", 0.9),))
    )
    assert files(blessing.uri) == ["NOT_BLESSED"]
    assert blessing.get_int_custom_property("blessed") == 0
    assert not pusher_obeys(blessing)
    assert "mean AUC of at least 0.900" in verdict.rules[0].reason
    assert json.loads((tmp_path / "verdict" / "verdict.json").read_text())["passed"] is False


def test_an_undefined_number_is_null_in_the_verdict_not_nan(tmp_path, inputs):
    inputs["evaluation"][0].uri = write_evaluation(
        tmp_path / "undefined", make_evaluation(overall=make_slice(mean_auc=float("nan")))
    )
    run_gate(tmp_path, inputs, GateRules(minimum=(MinimumRule("mean_auc", 0.8),)))
    assert "NaN" not in (tmp_path / "verdict" / "verdict.json").read_text()


@pytest.mark.parametrize("against", ["baseline", "champion"])
def test_the_other_model_is_read_where_there_is_one(tmp_path, inputs, against):
    rules = GateRules(comparisons=(ComparisonRule(against, "superior", "mean_auc"),))
    weaker = rename(make_evaluation(overall=make_slice(mean_auc=0.8)), "another")
    uri = write_evaluation(tmp_path / "other", weaker)
    inputs[f"{against}_evaluation"] = artifact(standard_artifacts.ModelEvaluation, uri)
    _, verdict = run_gate(tmp_path, inputs, rules)
    assert verdict.passed
    assert verdict.rules[0].measured == pytest.approx(0.05)


@pytest.mark.parametrize(("is_first", "passes"), [(True, True), (False, False)])
def test_an_absent_champion_is_said_with_its_reason(tmp_path, inputs, is_first, passes):
    rules = GateRules(comparisons=(ComparisonRule("champion", "superior", "mean_auc"),))
    AbsentModel("For a reason", is_first).write(str(tmp_path / "absent"))
    inputs["champion_evaluation"] = artifact(
        standard_artifacts.ModelEvaluation, tmp_path / "absent"
    )
    _, verdict = run_gate(tmp_path, inputs, rules)
    assert verdict.passed == passes
    assert "For a reason." in verdict.rules[0].reason


def test_where_no_schema_was_checked_a_rule_on_anomalies_does_not_hold(tmp_path, inputs):
    (tmp_path / "anomalies").mkdir()
    inputs["anomalies"] = artifact(standard_artifacts.ExampleAnomalies, tmp_path / "anomalies")
    _, verdict = run_gate(tmp_path, inputs, GateRules(max_schema_anomalies=2))
    assert not verdict.passed


def test_schema_anomalies_are_counted_over_all_splits(tmp_path, inputs):
    for split, names in {"train": ("site", "view"), "test": ("site",)}.items():
        directory = tmp_path / "anomalies" / f"Split-{split}"
        directory.mkdir(parents=True)
        found = anomalies_pb2.Anomalies()
        for name in names:
            found.anomaly_info[name].description = "unexpected value"
        (directory / "SchemaDiff.pb").write_bytes(found.SerializeToString())
    anomalies = artifact(standard_artifacts.ExampleAnomalies, tmp_path / "anomalies")
    inputs["anomalies"] = anomalies
    _, verdict = run_gate(tmp_path, inputs, GateRules(max_schema_anomalies=2))
    assert verdict.rules[0].measured == 3
    assert not verdict.passed


@pytest.mark.parametrize(("bound", "passes"), [(0.5, True), (0.4, False)])
def test_drift_is_measured_from_the_statistics_of_the_data(tmp_path, inputs, bound, passes):
    write_views(tmp_path / "statistics", "train", "north", lateral=20)
    write_views(tmp_path / "statistics", "shifted", "valley", lateral=65)
    statistics = artifact(standard_artifacts.ExampleStatistics, tmp_path / "statistics")
    inputs["statistics"] = statistics
    _, verdict = run_gate(tmp_path, inputs, GateRules(max_drift=DriftRule(share=bound)))
    assert verdict.passed == passes
    assert "On site valley (100 cases), view differs most" in verdict.rules[0].reason


def test_the_component_leaves_out_inputs_that_are_not_given():
    gate = PromotionGate(
        evaluation=channel.Channel(type=standard_artifacts.ModelEvaluation),
        ingestion_report=channel.Channel(type=IngestionReport),
        model=channel.Channel(type=standard_artifacts.Model),
        rules=GateRules(),
        limits=SampleLimits(),
    )
    assert set(gate.inputs.keys()) == {"evaluation", "ingestion_report", "model"}
    assert gate.outputs["blessing"].type is standard_artifacts.ModelBlessing
