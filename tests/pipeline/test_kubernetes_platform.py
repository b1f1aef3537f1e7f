"""A step mounts what its own parameters name a path of, wherever in them the path stands."""

import json

import pytest

from pipeline.cluster_settings import ClusterSection
from pipeline.kubernetes_platform import platform_document

CLUSTER = ClusterSection(
    image="host/micle:1",
    pipeline_root="s3://bucket/root",
    volumes=[
        {"claim": "micle-checkpoints", "mount_path": "/checkpoints"},
        {"claim": "micle-registry", "mount_path": "/registry"},
    ],
)


def claims_of(constant=None, default=None) -> list[str]:
    parameter = {"runtimeValue": {"constant": constant}}
    if default is not None:
        parameter = {"componentInputParameter": "given"}
    specification = {
        "root": {
            "inputDefinitions": {"parameters": {"given": {"defaultValue": default}}},
            "dag": {
                "tasks": {
                    "step": {
                        "componentRef": {"name": "step"},
                        "inputs": {"parameters": {"property": parameter}},
                    }
                }
            },
        },
        "components": {"step": {"executorLabel": "step_executor"}},
        "deploymentSpec": {"executors": {"step_executor": {"container": {}}}},
    }
    document = platform_document(specification, CLUSTER)
    executors = document["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    return [volume["constant"] for volume in executors["step_executor"].get("pvcMount", [])]


@pytest.mark.parametrize(
    "constant",
    [
        "/registry",
        "/registry/serving",
        json.dumps({"filesystem": {"base_directory": "/registry/serving"}}),
        json.dumps(["x", {"a": ["/registry"]}]),
    ],
)
def test_a_path_is_found_in_a_text_and_in_json(constant):
    assert claims_of(constant) == ["micle-registry"]


def test_a_path_is_found_in_the_default_of_a_submission_parameter():
    assert claims_of(default="/checkpoints/data/manifest.csv") == ["micle-checkpoints"]


@pytest.mark.parametrize(
    "constant", ["/registry-old", "registry", "s3://b/registry", "[not JSON", 3.0, "{}", ""]
)
def test_other_texts_mount_nothing(constant):
    assert claims_of(constant) == []
