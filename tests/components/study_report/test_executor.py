"""The component: an input for each arm, and the report of all of them."""

import json

import pytest
from tfx.types import Channel, standard_artifacts

from components.artifact_types import StudyReport as StudyReportArtifact
from components.study_report.component import StudyReport
from components.study_report.executor import Executor
from components.study_report.measurements import JudgedArm
from components.study_report.results import study_results
from tests.components.promotion_gate.handmade_evaluations import (
    make_evaluation,
    make_slice,
    write_evaluation,
)
from tests.components.study_report.small_question import small_question
from trainer.errors import UserError

QUESTION = small_question(trainable=("network", "head"))


def evaluation_of(arm):
    gain = 0.11 if arm.initialisation == "pretrained" else 0.0
    inside = make_slice(0.6 + 0.2 * arm.label_fraction + gain + 0.01 * arm.seed)
    return make_evaluation(in_distribution=inside)


def artifact(artifact_class, path):
    made = artifact_class()
    made.uri = str(path)
    return [made]


@pytest.fixture
def component():
    channel = Channel(type=standard_artifacts.ModelEvaluation)
    return StudyReport({arm.role: channel for arm in QUESTION.arms}, QUESTION)


@pytest.fixture
def evaluations(tmp_path):
    """Evaluations as `SiteEvaluator` writes them, by the arm's role."""
    return {
        arm.role: artifact(
            standard_artifacts.ModelEvaluation,
            write_evaluation(tmp_path / arm.role, evaluation_of(arm)),
        )
        for arm in QUESTION.arms
    }


def test_every_arm_has_an_input(component):
    assert len(component.inputs) == 2 * 2 * 2 * 2
    assert set(component.inputs) == {arm.role for arm in QUESTION.arms}
    assert component.outputs["report"].type is StudyReportArtifact


def test_the_executor_writes_the_report_of_all_arms(component, evaluations, tmp_path):
    report = artifact(StudyReportArtifact, tmp_path / "report")
    Executor().Do(evaluations, {"report": report}, component.exec_properties)
    judged = [JudgedArm(arm, evaluation_of(arm)) for arm in QUESTION.arms]
    expected = study_results(QUESTION, judged, costs=())
    written = json.loads((tmp_path / "report" / "study.json").read_text())
    assert written == json.loads(json.dumps(expected))
    assert (written["arms_finished"], written["cost"]) == (16, [])
    assert (tmp_path / "report" / "study.html").is_file()
    assert (tmp_path / "report" / "label_efficiency.svg").is_file()


def test_a_damaged_evaluation_is_named(component, evaluations, tmp_path):
    (tmp_path / "random-f50-s0" / "metrics-00000-of-00001.tfrecord").unlink()
    report = artifact(StudyReportArtifact, tmp_path / "report")
    with pytest.raises(UserError, match="random-f50-s0: no file metrics"):
        Executor().Do(evaluations, {"report": report}, component.exec_properties)
