"""The component: what it is given becomes what the report is made from."""

import dataclasses
import datetime
import json

import pytest
from tfx.types import standard_artifacts
from tfx.types.channel_utils import as_channel

from components.artifact_types import IngestionReport, SliceReport
from components.slice_report import component, executor
from tests.components.site_drift.handmade_statistics import write_views
from tests.components.slice_report.simulated_evaluation import RUN, SETTINGS, simulated_inputs
from trainer.settings import to_json


def artifact(artifact_class, path):
    path.mkdir()
    made = artifact_class()
    made.uri = str(path)
    return made


@pytest.mark.parametrize("with_baseline", [True, False])
def test_the_executor_reads_its_inputs_and_writes_the_report(monkeypatch, tmp_path, with_baseline):
    inputs = simulated_inputs(with_baseline=with_baseline)
    artifacts = {
        name: [artifact(standard_artifacts.ModelEvaluation, tmp_path / name)]
        for name in ("evaluation", "verdict")
    }
    artifacts["ingestion_report"] = [artifact(IngestionReport, tmp_path / "ingestion_report")]
    evaluations = {artifacts["evaluation"][0].uri: inputs.candidate}
    if with_baseline:
        baseline = artifact(standard_artifacts.ModelEvaluation, tmp_path / "baseline")
        artifacts["baseline_evaluation"] = [baseline]
        evaluations[baseline.uri] = inputs.baseline
    monkeypatch.setattr(executor, "load_evaluation", evaluations.__getitem__)
    inputs.verdict.write(artifacts["verdict"][0].uri)
    inputs.ingestion.write(artifacts["ingestion_report"][0].uri)
    described = component.SliceReport(
        evaluation=as_channel(artifacts["evaluation"]),
        verdict=as_channel(artifacts["verdict"]),
        ingestion_report=as_channel(artifacts["ingestion_report"]),
        settings=SETTINGS,
        run_fields=RUN,
        baseline_evaluation=as_channel(artifacts["baseline_evaluation"]) if with_baseline else None,
    )

    report = artifact(SliceReport, tmp_path / "report")
    executor.Executor().Do(artifacts, {"report": [report]}, described.exec_properties)

    data = json.loads((tmp_path / "report" / "report.json").read_text(encoding="utf-8"))
    assert data["settings"]["title"] == SETTINGS.title
    assert data["run"]["data_fingerprint"] == RUN.data_fingerprint
    assert set(data["models"]) == ({"candidate", "baseline"} if with_baseline else {"candidate"})
    assert [rule["passed"] for rule in data["verdict"]["rules"]] == [False, True, True]
    assert data["data_flow"]["received"] == {
        "images": 1003,
        "cases": 501,
        "patients": 451,
    }
    assert (tmp_path / "report" / "report.html").exists()


def test_drift_and_pairs_are_read_where_they_are_given(monkeypatch, tmp_path):
    inputs = simulated_inputs()
    monkeypatch.setattr(executor, "load_evaluation", lambda uri: inputs.candidate)
    inputs.verdict.write(str(tmp_path))
    inputs.ingestion.write(str(tmp_path))
    write_views(tmp_path, "train", "north", lateral=20)
    write_views(tmp_path, "shifted", "valley", lateral=65)
    (tmp_path / "pair_statistics.json").write_text(json.dumps(inputs.pairs))
    names = ("evaluation", "verdict", "ingestion_report", "statistics", "pair_statistics")
    uris = dict.fromkeys(names, str(tmp_path))
    read = executor.read_inputs(uris, to_json(SETTINGS), to_json(RUN), "null", "run-7")
    assert [(drift.site, drift.features[0].feature) for drift in read.drift] == [("valley", "view")]
    assert read.pairs == inputs.pairs
    assert {site: data.cases for site, data in read.evaluated_sites.items()} == {"valley": 100}


def test_a_report_without_a_given_date_has_the_day_it_was_made(monkeypatch, tmp_path):
    inputs = simulated_inputs()
    monkeypatch.setattr(executor, "load_evaluation", lambda uri: inputs.candidate)
    inputs.verdict.write(str(tmp_path))
    inputs.ingestion.write(str(tmp_path))
    uris = dict.fromkeys(("evaluation", "verdict", "ingestion_report"), str(tmp_path))
    undated = to_json(dataclasses.replace(RUN, created=""))
    before = datetime.datetime.now(datetime.timezone.utc).date()
    made = executor.read_inputs(uris, to_json(SETTINGS), undated, "null", "").run.created
    after = datetime.datetime.now(datetime.timezone.utc).date()
    assert before.isoformat() <= made <= after.isoformat()


def test_the_run_is_named_by_the_local_launcher_or_by_kubeflows_folder():
    context = executor.Executor.Context(pipeline_run_id="2026-01-31T11:00:00")
    run = "0b1c2d3e-0000-4000-8000-0123456789ab"
    folder = (
        f"/minio/bucket/v2/artifacts/demo/{run}/slice-report/0a1b2c3d-1111-4111-8111-000000000000"
    )
    assert executor.run_id(folder, context) == "2026-01-31T11:00:00"
    assert executor.run_id(folder, executor.Executor.Context()) == run
    assert executor.run_id("/a/folder", None) == ""
