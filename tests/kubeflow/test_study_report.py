"""The last step of a compiled study as a process of its own, from the YAML alone."""

import json
from pathlib import Path

import pytest

from pipeline.study.arms import arms_of
from pipeline.study.compiler import compile_study
from tests.components.promotion_gate.handmade_evaluations import make_evaluation, write_evaluation
from tests.kubeflow.player import Player, StepResult
from tests.pipeline.study.study_files import study

EVALUATION = {"instanceSchema": "title: tfx.ModelEvaluation\ntype: object\n"}


@pytest.fixture(scope="module")
def played(tmp_path_factory) -> tuple[Player, StepResult]:
    folder = tmp_path_factory.mktemp("cluster")
    small = study(folder, initialisations={"random": [], "natural": ["simclr-natural"]})
    compile_study(small, folder / "compiled.yaml")
    player = Player(folder / "compiled.yaml", folder, pipeline_root="s3://bucket/root")
    for arm in arms_of(small):
        give_evaluation(player, f"evaluate-{arm.role}", folder / arm.role)
    return player, player.run(only="study-report")["study-report"]


def give_evaluation(player: Player, node_id: str, folder: Path) -> None:
    """Puts an evaluation into the store, as if its step had run."""
    write_evaluation(folder, make_evaluation())
    uri = f"s3://bucket/root/study/run-1/{node_id}/evaluation"
    player.store.upload(folder, uri)
    number = player.metadata.record("evaluation", {"uri": uri, "type": EVALUATION})
    player.results[node_id] = StepResult("succeeded", outputs={"evaluation": number})


def test_the_report_of_all_arms_is_in_the_store(played):
    player, result = played
    report = player.store.path(result.uris["report"])
    written = json.loads((report / "study.json").read_text())
    assert (written["arms_finished"], written["arms"]) == (8, 8)
    assert (report / "study.html").is_file()


def test_its_log_is_lines_of_json(played):
    _, result = played
    lines = [json.loads(line) for line in result.log.splitlines() if line.startswith("{")]
    assert {line["step"] for line in lines} == {"components.study_report.executor.Executor"}
