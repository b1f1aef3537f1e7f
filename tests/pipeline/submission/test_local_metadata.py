"""`micle status DIRECTORY`: the newest run on this machine, from its metadata."""

import json

import pytest
from click.testing import CliRunner
from ml_metadata.metadata_store import MetadataStore
from ml_metadata.proto import metadata_store_pb2 as metadata

from pipeline.command_line import main


class LocalRuns:
    """Writes runs as TFX's local runner does: contexts of pipeline run and node."""

    def __init__(self, directory):
        configuration = metadata.ConnectionConfig()
        configuration.sqlite.filename_uri = str(directory / "metadata.sqlite")
        modes = metadata.SqliteMetadataSourceConfig
        configuration.sqlite.connection_mode = modes.READWRITE_OPENCREATE
        self.store = MetadataStore(configuration)

    def add(self, run, step, state, *, reads=None, writes=None):
        contexts = [self._context("pipeline_run", run), self._context("node", f"demo.{step}")]
        kind = self.store.put_execution_type(metadata.ExecutionType(name=f"Type.of.{step}"))
        execution = metadata.Execution(
            type_id=kind, last_known_state=metadata.Execution.State.Value(state)
        )
        pairs = [
            (None, self._event(key, metadata.Event.INPUT, artifact))
            for key, artifact in (reads or {}).items()
        ]
        for key, (type_name, uri) in (writes or {}).items():
            type_id = self.store.put_artifact_type(metadata.ArtifactType(name=type_name))
            artifact = metadata.Artifact(type_id=type_id, uri=uri)
            artifact.custom_properties["tfx_version"].string_value = "1.16.0"
            artifact.custom_properties["blessed"].int_value = 1
            pairs.append((artifact, self._event(key, metadata.Event.OUTPUT)))
        return self.store.put_execution(execution, pairs, contexts)[1]

    def _context(self, kind, name):
        if found := self.store.get_context_by_type_and_name(kind, name):
            return found
        type_id = self.store.put_context_type(metadata.ContextType(name=kind))
        self.store.put_contexts([metadata.Context(type_id=type_id, name=name)])
        return self.store.get_context_by_type_and_name(kind, name)

    @staticmethod
    def _event(key, kind, artifact_id=None):
        event = metadata.Event(type=kind, artifact_id=artifact_id)
        event.path.steps.add().key = key
        event.path.steps.add().index = 0
        return event


@pytest.fixture
def directory(tmp_path):
    """Two runs: the second took the data from the cache and came to a verdict."""
    runs = LocalRuns(tmp_path)
    (examples,) = runs.add(
        "2026-11-22T09:00:00", "cases", "COMPLETE", writes={"examples": ("Examples", "/a/1")}
    )
    newest = "2026-11-23T09:00:00"
    runs.add(newest, "cases", "CACHED", writes={"examples": ("Examples", "/a/2")})
    outputs = {"blessing": ("ModelBlessing", "/b"), "verdict": ("ModelEvaluation", "/v")}
    runs.add(newest, "promotion-gate", "COMPLETE", reads={"data": examples}, writes=outputs)
    runs.add(newest, "pusher", "FAILED")
    return tmp_path


def status(*arguments, exit_code=0):
    result = CliRunner().invoke(main, ["status", *map(str, arguments)])
    assert result.exit_code == exit_code, result.output
    return result.output


def test_the_newest_runs_steps_and_verdict(directory):
    assert status(directory).splitlines() == [
        "run:   started 2026-11-23T09:00:00",
        "step            state           duration",
        "cases           cached           0:00:00",
        "promotion-gate  complete         0:00:00",
        "pusher          failed           0:00:00",
        "gate:  passed. Every rule: /v/verdict.json",
    ]


def test_artifacts_of_an_earlier_run_are_shown_by_where_they_are(directory):
    lines = status(directory, "--artifacts").splitlines()
    assert "  wrote examples (Examples): /a/2" in lines
    assert "  read  data: /a/1" in lines
    assert not any("tfx_version" in line for line in lines)


def test_everything_as_json(directory):
    values = json.loads(status(directory, "--json"))
    assert values["gate"] == {"passed": True, "verdict_uri": "/v"}
    assert [step["state"] for step in values["steps"]] == ["cached", "complete", "failed"]


def test_a_folder_without_a_run(tmp_path):
    expected = f"error: {tmp_path}: no run here (metadata.sqlite is missing).\n"
    assert status(tmp_path, exit_code=1) == expected
    (tmp_path / "metadata.sqlite").write_text("no database, whatever its name says" * 100)
    expected = f"error: {tmp_path}/metadata.sqlite: is no metadata of a run.\n"
    assert status(tmp_path, exit_code=1) == expected


def test_options_of_a_server_are_refused(directory):
    line = status(directory, "--follow", exit_code=1)
    assert "a run on this machine takes --artifacts and --json only." in line
