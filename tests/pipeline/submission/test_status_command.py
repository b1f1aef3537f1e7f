"""`micle status` as a person or a program uses it."""

import json

import pytest
import yaml
from click.testing import CliRunner

from pipeline.command_line import main
from pipeline.submission.submit import submit_package
from tests.pipeline.submission.kubeflow_server import NOW
from tests.pipeline.submission.test_submit import ORDER
from tests.pipeline.submission.test_submit_command import CLUSTER
from tests.pipeline.test_configuration import MINIMAL


@pytest.fixture
def run_id(server, kubeflow, package):
    """An hour and a half of pretraining, then a gate that is done."""
    run_id = submit_package(server, package, ORDER).run_id
    ends = {"case-schema": "2026-11-23T12:00:30Z", "pretrain-1-simclr": "2026-11-23T13:30:00Z"}
    ends["promotion-gate"] = "2026-11-23T12:15:00Z"
    kubeflow.runs[run_id].update(
        state="SUCCEEDED",
        finished_at="2026-11-23T14:00:00Z",
        run_details={
            "task_details": [
                {"display_name": name, "state": "SUCCEEDED", "start_time": NOW, "end_time": end}
                for name, end in ends.items()
            ]
        },
    )
    return run_id


@pytest.fixture
def status(kubeflow):
    def call(*arguments, exit_code=0):
        result = CliRunner().invoke(main, ["status", "--host", kubeflow.url, *arguments])
        assert result.exit_code == exit_code, result.output
        return result.output

    return call


@pytest.fixture
def metadata(metadata_server, run_id):
    run = metadata_server.add_run(run_id)
    schema = run.add_step("case-schema", writes={"schema": ("Schema", "s3://b/schema", {})})
    run.add_step("pretrain-1-simclr", reads=schema, cached=True)
    blessing = ("ModelBlessing", "s3://b/blessing", {"blessed": 0})
    verdict = ("ModelEvaluation", "s3://b/verdict", {})
    run.add_step("promotion-gate", writes={"blessing": blessing, "verdict": verdict})
    return ["--metadata", metadata_server.address]


@pytest.fixture
def prices(tmp_path):
    pools = {
        "cpu": {"kind": "cpu", "price_per_hour": 0.4},
        "gpu": {"kind": "gpu", "accelerator": "nvidia-l4", "count": 1, "price_per_hour": 2.0},
    }
    cluster = {**CLUSTER, "pools": pools, "steps": {"pretraining": {"pool": "gpu"}}}
    path = tmp_path / "prices.yaml"
    path.write_text(yaml.safe_dump({**MINIMAL, "cluster": cluster}))
    return ["--configuration", str(path)]


def test_a_run_with_its_steps(status, kubeflow, run_id):
    assert status(run_id).splitlines() == [
        f"run:   monday ({run_id})",
        "state: succeeded, 2:00:00",
        f"page:  {kubeflow.url}/#/runs/details/{run_id}",
        "step               state           duration  attempts",
        "case-schema        done             0:00:30         -",
        "pretrain-1-simclr  done             1:30:00         -",
        "promotion-gate     done             0:15:00         -",
        "gate:  its step is done; --metadata HOST:PORT shows the verdict, as the page does.",
        "next:  'micle models list -r REGISTRY' shows where the model stands.",
    ]


def test_verdict_cache_and_artifacts_come_from_the_metadata_store(status, run_id, metadata):
    lines = status(run_id, *metadata, "--artifacts").splitlines()
    gate = "refused; the model is not promoted. Every rule: s3://b/verdict/verdict.json"
    assert f"gate:  {gate}" in lines
    assert "pretrain-1-simclr  cached           1:30:00         -" in lines
    start = lines.index("case-schema (complete)")
    assert lines[start:] == [
        "case-schema (complete)",
        "  wrote schema (Schema): s3://b/schema",
        "pretrain-1-simclr (cached)",
        "  read  schema: case-schema.schema",
        "promotion-gate (complete)",
        "  wrote blessing (ModelBlessing): s3://b/blessing",
        "          blessed: 0.0",
        "  wrote verdict (ModelEvaluation): s3://b/verdict",
    ]


def test_cost_by_the_pools_of_a_configuration(status, run_id, prices):
    assert "cost:  3.10 (cpu 0.26 h x 0.40, gpu 1.50 h x 2.00)" in status(run_id, *prices)


def test_everything_as_json(status, run_id, metadata, prices):
    values = json.loads(status(run_id, "--json", *metadata, *prices))
    assert (values["run_id"], values["state"], values["seconds"]) == (run_id, "SUCCEEDED", 7200)
    assert values["steps"][1]["name"] == "pretrain-1-simclr"
    assert values["steps"][1]["seconds"] == 5400
    assert values["gate"] == {"passed": False, "verdict_uri": "s3://b/verdict"}
    assert values["cost"]["total"] == pytest.approx(3.0 + 0.4 * 930 / 3600)
    assert values["artifacts"][1]["inputs"][0]["producer"] == "case-schema.schema"


def test_a_failed_run_says_how_to_go_on(status, kubeflow, run_id):
    kubeflow.runs[run_id]["state"] = "FAILED"
    kubeflow.runs[run_id]["run_details"]["task_details"][1]["state"] = "FAILED"
    output = status(run_id)
    assert "next:  read the log of pretrain-1-simclr on the page; 'micle submit' again" in output
    status(run_id, "--follow", exit_code=1)


def test_without_a_run_the_recent_ones(status, kubeflow, run_id):
    header, line = status().splitlines()
    assert header.split() == ["created", "(UTC)", "state", "duration", "run"]
    assert line.split() == ["2026-11-23", "12:00", "succeeded", "2:00:00", "monday", f"({run_id})"]
    (values,) = json.loads(status("--json"))
    assert values["run_id"] == run_id
    kubeflow.runs.clear()
    assert status() == f"{kubeflow.url}: no runs yet. 'micle submit' starts one.\n"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["run-9"], "found nothing there (404): ResourceNotFoundError: Run run-9 not found."),
        (["--artifacts"], "RUN is missing"),
        (["run-1", "--artifacts"], "--artifacts: needs --metadata HOST:PORT"),
        (["run-1", "--follow", "--json"], "--follow and --json: give one of them."),
    ],
)
def test_a_mistake_is_one_line(arguments, expected, status):
    (line,) = status(*arguments, exit_code=1).splitlines()
    assert line.startswith("error: ")
    assert expected in line
