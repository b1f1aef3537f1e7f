"""One step of a compiled pipeline as a process of its own, from the YAML alone."""

import json
from pathlib import Path

import pytest

from pipeline.configuration import load_configuration
from pipeline.kubeflow_compiler import compile_pipeline
from tests.kubeflow.player import Player, StepResult


@pytest.fixture(scope="module")
def played(tmp_path_factory) -> tuple[Player, StepResult]:
    folder = tmp_path_factory.mktemp("cluster")
    compile_pipeline(load_configuration("configs/demo.yaml"), folder / "compiled.yaml")
    player = Player(
        folder / "compiled.yaml",
        folder,
        pipeline_root="s3://bucket/root",
        parameters={"image": "host/other:2"},
    )
    return player, player.run(only="case-schema")["case-schema"]


def test_its_output_is_in_the_store_under_kubeflows_uri(played):
    player, result = played
    assert result.uris["schema"].startswith("s3://bucket/root/demo/run-1/case-schema/")
    written = player.store.path(result.uris["schema"]) / "schema.pbtxt"
    assert written.read_bytes() == Path("schemas/case.pbtxt").read_bytes()


def test_its_image_is_the_one_of_the_submission(played):
    _, result = played
    assert result.image == "host/other:2"


def test_its_log_is_lines_of_json_and_reaches_the_store(played):
    player, result = played
    lines = [json.loads(line) for line in result.log.splitlines() if line.startswith("{")]
    assert any("Starting executor" in line["message"] for line in lines)
    assert {line["step"] for line in lines} == {"components.case_schema.executor.Executor"}
    assert player.store.path(result.uris["executor-logs"]).read_text() == result.log
