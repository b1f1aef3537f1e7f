"""`micle submit` as a person uses it; compiling itself is tested elsewhere."""

import dataclasses
import shutil
import sys
from types import SimpleNamespace

import pytest
import yaml
from click.testing import CliRunner

from pipeline.command_line import main
from pipeline.submission.server import open_server
from pipeline.submission_command_line import TOKEN_VARIABLE
from tests.pipeline.test_configuration import MINIMAL

CLUSTER = {
    "image": "registry.example.org/micle:1.0",
    "pipeline_root": "s3://bucket/root",
    "manifests": {"medical": "gs://bucket/m.csv"},
}


@pytest.fixture
def micle_submit(monkeypatch, tmp_path, package, kubeflow):
    monkeypatch.setattr("kfp.Client._LOCAL_KFP_CONTEXT", str(tmp_path / "context.json"))
    copied = SimpleNamespace(compile_pipeline=lambda _, path: shutil.copy(package.path, path))
    monkeypatch.setitem(sys.modules, "pipeline.kubeflow_compiler", copied)
    configuration = tmp_path / "configuration.yaml"
    configuration.write_text(yaml.safe_dump({**MINIMAL, "cluster": CLUSTER}))

    def call(*arguments, exit_code=0, environment=None):
        words = ["submit", str(configuration), "--host", kubeflow.url, *arguments]
        result = CliRunner().invoke(main, words, env=environment)
        assert result.exit_code == exit_code, result.output
        return result.output

    return call


def test_says_what_is_on_the_server_now_and_how_to_follow(micle_submit, kubeflow, package):
    output = micle_submit("--set", "seed=3", "--experiment", "lesions", "--name", "monday")
    assert output.splitlines() == [
        "pipeline: micle-demo (pipeline-1)",
        f"version:  {package.version} (version-2), uploaded",
        "run:      monday (run-4)",
        f"page:     {kubeflow.url}/#/runs/details/run-4",
        "follow:   micle status run-4 (with the same --host)",
    ]
    (run,) = kubeflow.runs.values()
    assert run["runtime_config"] == {
        "parameters": {"seed": 3},
        "pipeline_root": "s3://bucket/root",
    }
    assert run["service_account"] == "micle-pipeline"
    assert "there already, not uploaded again" in micle_submit()


@pytest.mark.parametrize(("state", "exit_code"), [("SUCCEEDED", 0), ("FAILED", 1), ("CANCELED", 1)])
def test_waits_and_fails_unless_the_run_succeeds(
    state, exit_code, micle_submit, kubeflow, monkeypatch
):
    def pause(_):
        (run,) = kubeflow.runs.values()
        run["state"] = state

    monkeypatch.setattr(
        "pipeline.commands.submit.open_server",
        lambda connection: dataclasses.replace(open_server(connection), pause=pause),
    )
    output = micle_submit("--wait", exit_code=exit_code)
    assert f"{state.lower()}: 0 of 3 steps done" in output
    assert "gate:  no verdict; its step: waiting." in output


def test_a_dry_run_shows_all_and_sends_nothing(micle_submit, kubeflow, package):
    output = micle_submit(
        "--dry-run",
        "--set",
        "seed=3",
        "--cron",
        "0 0 6 * * 1",
        environment={TOKEN_VARIABLE: "s3cret"},
    )
    assert not kubeflow.received
    assert "s3cret" not in output
    shown = yaml.safe_load(output)
    assert shown["authentication"] == "a bearer token"
    assert shown["version"]["sha256"] == package.digest
    assert shown["recurring_run"]["runtime_config"]["parameters"] == {"seed": 3}
    assert shown["recurring_run"]["trigger"] == {"cron_schedule": {"cron": "0 0 6 * * 1"}}


def test_the_environments_token_is_used(micle_submit, kubeflow):
    kubeflow.token = "s3cret"
    micle_submit(environment={TOKEN_VARIABLE: "s3cret"})
    assert "refused the credentials (401)" in micle_submit(exit_code=1)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--cron", "0 6 * * 1"], "--cron '0 6 * * 1': must have six fields, seconds first"),
        (["--cron", "0 0 6 * * 1", "--wait"], "--wait: a recurring run (--cron) has no end"),
        (["--metadata", "localhost:8081"], "--metadata goes with --wait"),
        (["--replace"], "--replace goes with --cron."),
        (["--set", "sed=1"], "--set sed: is no runtime parameter of micle-demo"),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_sent(arguments, expected, micle_submit, kubeflow):
    (line,) = micle_submit(*arguments, exit_code=1).splitlines()
    assert line.startswith(f"error: {expected}")
    assert not kubeflow.received


def test_a_recurring_run_is_named(micle_submit, kubeflow):
    output = micle_submit("--cron", "0 0 6 * * 1")
    assert "recurring run: " in output
    (recurring,) = kubeflow.recurring_runs.values()
    assert recurring["display_name"] == MINIMAL["name"]
