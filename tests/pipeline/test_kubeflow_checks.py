"""What open-source Kubeflow refuses is found in a compiled pipeline."""

import copy

import pytest

from pipeline.kubeflow_checks import find_problems

MODEL = {"artifactType": {"instanceSchema": "title: tfx.Model\ntype: object\n"}}
SOUND = {
    "schemaVersion": "2.1.0",
    "pipelineInfo": {"name": "sound"},
    "root": {
        "inputDefinitions": {
            "parameters": {"seed": {"parameterType": "NUMBER_INTEGER", "defaultValue": 0}}
        },
        "dag": {
            "tasks": {
                "source": {"componentRef": {"name": "source"}},
                "sink": {
                    "componentRef": {"name": "sink"},
                    "dependentTasks": ["source"],
                    "inputs": {
                        "artifacts": {
                            "model": {
                                "taskOutputArtifact": {
                                    "producerTask": "source",
                                    "outputArtifactKey": "model",
                                }
                            }
                        },
                        "parameters": {
                            "seed": {"componentInputParameter": "seed"},
                            "depth": {"runtimeValue": {"constant": 3}},
                        },
                    },
                },
            }
        },
    },
    "components": {
        "source": {
            "executorLabel": "source_executor",
            "outputDefinitions": {"artifacts": {"model": MODEL}},
        },
        "sink": {
            "executorLabel": "sink_executor",
            "inputDefinitions": {"artifacts": {"model": MODEL}},
        },
    },
    "deploymentSpec": {
        "executors": {
            "source_executor": {"importer": {"artifactUri": {"constant": "s3://b/model"}}},
            "sink_executor": {
                "container": {
                    "command": ["python"],
                    "resources": {"accelerator": {"type": "nvidia.com/gpu", "count": "1"}},
                }
            },
        }
    },
}


def platform(*labels: str) -> dict:
    executors = {label: {"activeDeadlineSeconds": "60"} for label in labels}
    return {"platforms": {"kubernetes": {"deploymentSpec": {"executors": executors}}}}


def with_change(path: str, value) -> dict:
    changed = copy.deepcopy(SOUND)
    *parents, last = path.split("/")
    place = changed
    for parent in parents:
        place = place[parent]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return changed


def test_a_sound_pipeline_has_no_problem():
    assert find_problems(SOUND, platform("sink_executor")) == []


SINK = "root/dag/tasks/sink"
EXECUTORS = "deploymentSpec/executors"


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ("schemaVersion", "2.0.0", "only 2.1.0 is taken"),
        ("pipelineInfo", {"name": "My_Pipeline"}, "lower-case letters, digits and hyphens"),
        ("root/dag/tasks", {}, "has no tasks"),
        (f"{EXECUTORS}/sink_executor", {"resolver": {}}, "of kind resolver is not implemented"),
        (f"{EXECUTORS}/sink_executor/container/lifecycle", {"preCacheCheck": {}}, "never run"),
        (f"{EXECUTORS}/sink_executor/container/command", [], "needs a command"),
        (
            f"{EXECUTORS}/sink_executor/container/resources/accelerator/type",
            "NVIDIA_TESLA_T4",
            "is no resource of Kubernetes",
        ),
        (
            f"{EXECUTORS}/source_executor/importer/artifactUri",
            {"constant": "/models/encoder"},
            "/models/encoder cannot be imported",
        ),
        (
            f"{EXECUTORS}/source_executor/importer/artifactUri",
            {"constantValue": {"stringValue": "s3://b/m"}},
            "constantValue is of pipeline spec 2.0",
        ),
        ("root/dag/tasks/Sink_task", {"componentRef": {"name": "sink"}}, "task Sink_task: Argo"),
        (f"{SINK}/componentRef", {"name": "nowhere"}, "there is no component nowhere"),
        (f"{SINK}/dependentTasks", ["source_task"], "waits for source_task, which is no task"),
        (
            "root/dag/tasks/source/triggerPolicy",
            {"condition": "1 == 1"},
            "importer under a condition",
        ),
        (
            f"{SINK}/triggerPolicy",
            {"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"},
            "exit handlers",
        ),
        (
            f"{SINK}/inputs/artifacts/model/taskOutputArtifact/producerTask",
            "source_task",
            "input model comes from source_task",
        ),
        (
            f"{SINK}/inputs/parameters/depth",
            {"taskOutputParameter": {"producerTask": "source_task"}},
            "parameter depth comes from source_task",
        ),
        (
            f"{SINK}/inputs/parameters/depth",
            {"runtimeValue": {"constantValue": {"intValue": 3}}},
            "parameter depth is no constant",
        ),
        (
            f"{SINK}/inputs/parameters/depth",
            {"runtimeValue": {"constant": "data/{SPAN}/*"}},
            "nothing resolves {SPAN}",
        ),
        (
            f"{SINK}/inputs/parameters/seed",
            {"componentInputParameter": "sed"},
            "comes from sed, which the pipeline does not have",
        ),
        (
            "root/inputDefinitions/parameters/seed",
            {"parameterType": "NUMBER_INTEGER"},
            "without a default",
        ),
        (
            "components/sink/inputDefinitions/artifacts/model/artifactType",
            {"instanceSchema": "title: Model\n"},
            "model has no type of the form package.Class",
        ),
        ("components/sink/executorLabel", "elsewhere", "there is no executor elsewhere"),
    ],
)
def test_what_kubeflow_refuses_is_found(path, value, problem):
    problems = find_problems(with_change(path, value), platform())
    assert any(problem in found for found in problems), problems


@pytest.mark.parametrize(
    ("label", "problem"),
    [
        ("trainer_executor", "there is no executor trainer_executor"),
        ("source_executor", "is an importer, which takes no such settings"),
    ],
)
def test_the_second_document_must_fit_the_first(label, problem):
    [found] = find_problems(SOUND, platform(label))
    assert problem in found
