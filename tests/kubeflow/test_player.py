"""The player keeps KFP's promises and has its defects; small steps without TFX show each."""

from pathlib import Path

import pytest
import yaml

from tests.kubeflow.conditions import holds
from tests.kubeflow.metadata_store import UnsupportedValueError, to_stored
from tests.kubeflow.object_store import ObjectStore, local_path
from tests.kubeflow.player import Player, StepFailedError

ANY = {"artifactType": {"instanceSchema": "title: tfx.Model\ntype: object\n"}}

PRODUCE = """
import json, os, pathlib, sys
message = json.loads(sys.argv[1])
assert os.listdir() == []
[out] = message["outputs"]["artifacts"]["made"]["artifacts"]
folder = pathlib.Path(os.environ["MICLE_LAUNCHER_ROOT"], "s3", out["uri"][5:])
(folder / "inner").mkdir(parents=True)
(folder / "empty").mkdir()
(folder / "inner" / "file").write_text(message["inputs"]["parameterValues"]["text"])
listed = {"uri": "", "metadata": {"blessed": True, "names": ["a"]}}
text = json.dumps({"artifacts": {"made": {"artifacts": [listed]}}})
pathlib.Path(message["outputs"]["outputFile"]).write_text(text)
print("produced")
"""

CONSUME = """
import json, os, pathlib, sys
message = json.loads(sys.argv[1])
[given] = message["inputs"]["artifacts"]["given"]["artifacts"]
assert given["type"] == {"instanceSchema": ""}
assert given["metadata"]["names"] == {"list": ["a"]} and given["metadata"]["blessed"] == 1
folder = pathlib.Path(os.environ["MICLE_LAUNCHER_ROOT"], "s3", given["uri"][5:])
assert sorted(path.name for path in folder.iterdir()) == ["inner"]
print((folder / "inner" / "file").read_text(), sorted(os.environ))
"""

FAIL_TWICE = """
import pathlib, sys
count = pathlib.Path("{count}")
tries = int(count.read_text()) if count.exists() else 0
count.write_text(str(tries + 1))
sys.exit(tries < 2)
"""


def pipeline(
    directory: Path, *, condition: str = "", retries: int = 0, middle: str = CONSUME
) -> Path:
    container = {"image": "host/x:1", "command": ["python", "-S", "-c"]}
    take = {"taskOutputArtifact": {"producerTask": "produce", "outputArtifactKey": "made"}}
    specification = {
        "pipelineInfo": {"name": "small"},
        "root": {
            "inputDefinitions": {
                "parameters": {"text": {"parameterType": "STRING", "defaultValue": "default"}}
            },
            "dag": {
                "tasks": {
                    "consume": {
                        "componentRef": {"name": "consume"},
                        "dependentTasks": ["produce"],
                        "inputs": {"artifacts": {"given": take}},
                        "retryPolicy": {"maxRetryCount": retries},
                        "triggerPolicy": {"condition": condition},
                    },
                    "produce": {
                        "componentRef": {"name": "produce"},
                        "inputs": {"parameters": {"text": {"componentInputParameter": "text"}}},
                    },
                }
            },
        },
        "components": {
            "produce": {"executorLabel": "p", "outputDefinitions": {"artifacts": {"made": ANY}}},
            "consume": {"executorLabel": "c", "inputDefinitions": {"artifacts": {"given": ANY}}},
        },
        "deploymentSpec": {
            "executors": {
                "p": {"container": container | {"args": [PRODUCE, "{{$}}"]}},
                "c": {"container": container | {"args": [middle, "{{$}}"]}},
            }
        },
    }
    path = directory / "small.yaml"
    path.write_text(yaml.safe_dump_all([specification, {"platforms": {}}]))
    return path


def play(path: Path, directory: Path, **options) -> Player:
    player = Player(path, directory, pipeline_root="s3://bucket/root", **options)
    player.run()
    return player


def test_steps_meet_through_the_store_alone_and_lose_what_kubeflow_loses(tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET_OF_THIS_SHELL", "1")
    player = play(pipeline(tmp_path), tmp_path, parameters={"text": "given"})
    log = player.results["consume"].log
    assert log.startswith("given ")
    assert "SECRET_OF_THIS_SHELL" not in log
    made = player.store.path(player.results["produce"].uris["made"])
    assert [path.name for path in made.iterdir()] == ["inner"]
    logs = player.store.path(player.results["produce"].uris["executor-logs"])
    assert logs.read_text() == "produced\n"


def test_an_omitted_parameter_takes_its_default(tmp_path):
    assert play(pipeline(tmp_path), tmp_path).results["consume"].log.startswith("default ")


def test_a_failed_step_is_tried_as_often_as_its_policy_says(tmp_path):
    flaky = FAIL_TWICE.format(count=tmp_path / "count")
    player = play(pipeline(tmp_path, retries=2, middle=flaky), tmp_path)
    assert player.results["consume"].attempts == [1, 1, 0]
    (tmp_path / "count").unlink()
    with pytest.raises(StepFailedError, match="consume"):
        play(pipeline(tmp_path, retries=1, middle=flaky), tmp_path)


PROPERTY = "inputs.artifacts['given'].artifacts[0].metadata['blessed']"


@pytest.mark.parametrize(("value", "state"), [("1.0", "succeeded"), ("0.0", "skipped")])
def test_a_step_runs_if_its_condition_holds(tmp_path, value, state):
    player = play(pipeline(tmp_path, condition=f"({PROPERTY} == {value})"), tmp_path)
    assert player.results["consume"].state == state


def test_a_condition_on_what_is_missing_is_an_error():
    given = {"artifacts": {"given": {"artifacts": [{"metadata": {"a": 2}, "uri": "s3://b"}]}}}
    with pytest.raises(KeyError):
        holds(f"{PROPERTY} == 1.0", given)
    base = "inputs.artifacts['given'].artifacts[0]"
    assert holds(f"({base}.metadata['a'] > 1) && !({base}.uri == 'x')", given)


def test_a_null_is_an_error_of_the_metadata_store():
    with pytest.raises(UnsupportedValueError):
        to_stored(None)
    assert (to_stored(True), to_stored([1]), to_stored({"a": 1})) == (
        1,
        {"list": [1]},
        {"struct": {"a": 1}},
    )


def test_an_imported_artifact_is_a_uri_that_the_next_step_gets_copied(tmp_path):
    path = pipeline(tmp_path)
    specification, platform = yaml.safe_load_all(path.read_text())
    schema = ANY["artifactType"]
    specification["deploymentSpec"]["executors"]["p"] = {
        "importer": {
            "artifactUri": {"constant": "s3://other/thing"},
            "typeSchema": schema,
            "metadata": {"names": ["a"], "blessed": True},
        }
    }
    path.write_text(yaml.safe_dump_all([specification, platform]))
    store = ObjectStore(tmp_path / "store")
    (store.path("s3://other/thing") / "inner").mkdir(parents=True)
    (store.path("s3://other/thing") / "inner" / "file").write_text("imported")
    assert play(path, tmp_path).results["consume"].log.startswith("imported ")


@pytest.mark.parametrize("uri", ["/plain/path", "hdfs://host/a"])
def test_a_place_that_the_launcher_does_not_know_is_an_error(uri, tmp_path):
    with pytest.raises(ValueError, match="unsupported storage scheme"):
        local_path(uri, tmp_path)
