import dataclasses

import pytest
import yaml

from pipeline.submission.connection import Connection
from pipeline.submission.package import read_package
from pipeline.submission.server import open_server
from tests.pipeline.submission.kubeflow_server import KubeflowServer
from tests.pipeline.submission.metadata_server import MetadataServer

STEPS = ("case-schema", "pretrain-1-simclr", "promotion-gate")

SPECIFICATION = {
    "pipelineInfo": {"name": "micle-demo"},
    "schemaVersion": "2.1.0",
    "root": {
        "dag": {"tasks": {name: {"taskInfo": {"name": name}} for name in STEPS}},
        "inputDefinitions": {
            "parameters": {
                "seed": {"parameterType": "NUMBER_INTEGER", "defaultValue": 0},
                "label-fraction": {"parameterType": "NUMBER_DOUBLE", "defaultValue": 1.0},
                "image-tag": {"parameterType": "STRING", "defaultValue": "1.0"},
                "cache": {"parameterType": "BOOLEAN", "isOptional": True},
            }
        },
    },
}
PLATFORMS = {"platforms": {"kubernetes": {"deploymentSpec": {"executors": {}}}}}


@pytest.fixture
def kubeflow():
    with KubeflowServer() as running:
        yield running


@pytest.fixture
def metadata_server():
    with MetadataServer() as running:
        yield running


@pytest.fixture
def pauses():
    """Seconds that would have been slept, one after the other."""
    return []


@pytest.fixture
def server(kubeflow, pauses, monkeypatch, tmp_path):
    # kfp keeps a person's settings in the home directory.
    monkeypatch.setattr("kfp.Client._LOCAL_KFP_CONTEXT", str(tmp_path / "context.json"))
    opened = open_server(Connection(host=kubeflow.url, timeout=30))
    return dataclasses.replace(opened, pause=pauses.append)


@pytest.fixture
def write_package(tmp_path):
    def write(**changes):
        path = tmp_path / "pipeline.yaml"
        path.write_text(yaml.safe_dump_all([{**SPECIFICATION, **changes}, PLATFORMS]))
        return read_package(path)

    return write


@pytest.fixture
def package(write_package):
    return write_package()
