"""The compiled pipeline: its two documents, from a small graph up."""

import importlib
import json
import re
from pathlib import Path

import pytest
import yaml
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2

from pipeline.configuration import Configuration, load_configuration
from pipeline.kubeflow_checks import find_problems
from pipeline.kubeflow_compiler import compile_pipeline
from trainer.errors import UserError

SHIPPED = ("demo", "chest", "ham10000")


@pytest.fixture(scope="module")
def compiled(tmp_path_factory) -> dict[str, tuple[dict, dict, bytes]]:
    directory = tmp_path_factory.mktemp("compiled")
    found = {}
    for name in SHIPPED:
        path = directory / f"{name}.yaml"
        compile_pipeline(load_configuration(f"configs/{name}.yaml"), path)
        found[name] = (*yaml.safe_load_all(path.read_text()), path.read_bytes())
    return found


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_configuration_compiles_to_the_same_bytes_again(name, compiled, tmp_path):
    compile_pipeline(load_configuration(f"configs/{name}.yaml"), tmp_path / "again.yaml")
    assert (tmp_path / "again.yaml").read_bytes() == compiled[name][2]


@pytest.mark.parametrize("name", SHIPPED)
def test_kubeflow_would_take_it(name, compiled):
    specification, platform, _ = compiled[name]
    assert find_problems(specification, platform) == []


@pytest.mark.parametrize("name", SHIPPED)
def test_both_documents_are_messages_of_the_pipeline_specification(name, compiled):
    specification, platform, _ = compiled[name]
    spec = json_format.ParseDict(specification, pipeline_spec_pb2.PipelineSpec())
    json_format.ParseDict(
        specification["deploymentSpec"], pipeline_spec_pb2.PipelineDeploymentConfig()
    )
    json_format.ParseDict(platform, pipeline_spec_pb2.PlatformSpec())
    assert spec.schema_version == "2.1.0"


def executor(compiled, node_id: str) -> dict:
    return compiled["demo"][0]["deploymentSpec"]["executors"][f"{node_id}_executor"]["container"]


def kubernetes(compiled, node_id: str) -> dict:
    executors = compiled["demo"][1]["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    return executors[f"{node_id}_executor"]


def task(compiled, node_id: str) -> dict:
    return compiled["demo"][0]["root"]["dag"]["tasks"][node_id]


def test_a_step_asks_for_the_resources_of_its_pool(compiled):
    resources = executor(compiled, "pretrain-2-medical-micle")["resources"]
    assert resources["accelerator"] == {"type": "nvidia.com/gpu", "count": "1"}
    assert resources["cpuRequest"] == 6
    # Kubeflow adds the unit G.
    assert resources["memoryLimit"] == pytest.approx(28 * 2**30 / 1e9)
    placed = kubernetes(compiled, "pretrain-2-medical-micle")
    assert placed["nodeSelector"]["labels"]["cloud.google.com/gke-accelerator"] == "nvidia-l4"
    assert {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"} in placed[
        "tolerations"
    ]
    [memory] = placed["emptyDirMounts"]
    assert (memory["mountPath"], memory["medium"]) == ("/dev/shm", "Memory")
    assert "accelerator" not in executor(compiled, "medical-cases")["resources"]


def test_a_step_has_its_retries_and_its_time(compiled):
    policy = task(compiled, "pretrain-1-natural-simclr")["retryPolicy"]
    assert policy == {
        "maxRetryCount": 20,
        "backoffDuration": "30s",
        "backoffFactor": 2.0,
        "backoffMaxDuration": "600s",
    }
    assert task(compiled, "promotion-gate")["retryPolicy"]["maxRetryCount"] == 3
    seconds = kubernetes(compiled, "pretrain-1-natural-simclr")["activeDeadlineSeconds"]
    assert int(seconds) == 72 * 3600


def mounted(compiled, field: str, name: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for node_id in compiled["demo"][0]["root"]["dag"]["tasks"]:
        for volume in kubernetes(compiled, node_id).get(field, []):
            found.setdefault(volume[name], set()).add(node_id)
    return found


def test_only_the_ingestion_sees_the_key_behind_the_pseudonyms(compiled):
    secrets = mounted(compiled, "secretAsVolume", "secretName")
    assert secrets == {"micle-pseudonym-key": {"natural-cases", "medical-cases"}}


def test_only_the_steps_that_need_a_volume_mount_it(compiled):
    assert mounted(compiled, "pvcMount", "constant") == {
        "micle-checkpoints": {
            "pretrain-1-natural-simclr",
            "pretrain-2-medical-micle",
            "fine-tune-candidate",
            "fine-tune-baseline",
        },
        "micle-registry": {"champion-source", "model-registrar", "pusher"},
    }


def test_what_depends_on_the_registry_is_not_cached(compiled):
    tasks = compiled["demo"][0]["root"]["dag"]["tasks"]
    uncached = {name for name in tasks if not tasks[name]["cachingOptions"]}
    assert uncached == {"champion-source", "model-registrar", "pusher"}


def test_a_person_may_set_some_parameters_and_all_have_defaults(compiled):
    parameters = compiled["demo"][0]["root"]["inputDefinitions"]["parameters"]
    assert {name: p["defaultValue"] for name, p in parameters.items()} == {
        "seed": 0,
        "label_fraction": 1.0,
        "natural_manifest": "gs://my-bucket/data/demo/natural/manifest.csv",
        "medical_manifest": "gs://my-bucket/data/demo/medical/manifest.csv",
        "image": "europe-docker.pkg.dev/my-project/micle/micle-tfx-cpu:0.1.0",
        "image_gpu": "europe-docker.pkg.dev/my-project/micle/micle-tfx-gpu:0.1.0",
    }


def test_a_parameter_reaches_every_step_that_has_it(compiled):
    def takers(parameter: str) -> set[tuple[str, str]]:
        return {
            (node_id, name)
            for node_id, step in compiled["demo"][0]["root"]["dag"]["tasks"].items()
            for name, value in step["inputs"]["parameters"].items()
            if value.get("componentInputParameter") == parameter
        }

    assert takers("label_fraction") == {
        ("fine-tune-candidate", "label_fraction"),
        ("fine-tune-baseline", "label_fraction"),
    }
    assert takers("medical_manifest") == {("medical-cases", "manifest")}
    assert {node_id for node_id, _ in takers("seed")} == {
        *("pretrain-1-natural-simclr", "pretrain-2-medical-micle", "pairs-2"),
        *("fine-tune-candidate", "fine-tune-baseline"),
        *("evaluate-candidate", "evaluate-baseline", "evaluate-champion"),
    }
    gpu = {node_id for node_id, _ in takers("image_gpu")}
    assert gpu == {name for name in task_names(compiled) if re.match("pretrain|fine|predict", name)}
    image = "{{$.inputs.parameters['container_image']}}"
    assert {executor(compiled, name)["image"] for name in task_names(compiled)} == {image}


def task_names(compiled) -> list[str]:
    return list(compiled["demo"][0]["root"]["dag"]["tasks"])


def test_own_artifact_types_can_be_imported_by_their_name(compiled):
    titles = set(re.findall(r"title: (components\.\w+)", compiled["demo"][2].decode()))
    assert titles == {
        "components.Encoder",
        "components.IngestionReport",
        "components.Leakage",
        "components.ModelCheck",
        "components.PairStatistics",
        "components.SliceReport",
    }
    for title in titles:
        module, name = title.split(".")
        assert title == getattr(importlib.import_module(module), name).TYPE_NAME


def test_no_secret_and_no_path_of_this_machine_is_in_the_file(compiled):
    _, _, content = compiled["demo"]
    assert Path("configs/demo.key").read_bytes().strip() not in content
    assert str(Path.cwd()).encode() not in content


def changed(**changes) -> Configuration:
    values = load_configuration("configs/demo.yaml").model_dump()
    values["cluster"] |= changes.pop("cluster", {})
    return Configuration.model_validate(values | changes)


def test_a_ready_encoder_is_imported_from_where_the_cluster_finds_it(tmp_path):
    steps = load_configuration("configs/demo.yaml").model_dump()["pretraining"][1:]
    configured = changed(
        initial_encoder="runs/encoder",
        pretraining=steps,
        cluster={"initial_encoder": "s3://bucket/encoder", "environment": {"TF_X": "1"}},
    )
    compile_pipeline(configured, tmp_path / "pipeline.yaml")
    specification, platform = yaml.safe_load_all((tmp_path / "pipeline.yaml").read_text())
    importer = specification["deploymentSpec"]["executors"]["initial-encoder_executor"]["importer"]
    assert importer["artifactUri"] == {"constant": "s3://bucket/encoder"}
    labels = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    assert "initial-encoder_executor" not in labels
    container = specification["deploymentSpec"]["executors"]["pusher_executor"]["container"]
    assert container["env"] == [{"name": "TF_X", "value": "1"}]
    assert json.dumps(specification).count("TF_X") == len(labels)


def test_without_a_cluster_section_nothing_is_compiled(tmp_path):
    values = load_configuration("configs/demo.yaml").model_dump() | {"cluster": None}
    with pytest.raises(UserError, match=r"cluster: is missing\. Name a file"):
        compile_pipeline(Configuration.model_validate(values), tmp_path / "pipeline.yaml")


def test_the_output_is_yaml(tmp_path):
    with pytest.raises(UserError, match=r"must end in \.yaml"):
        compile_pipeline(load_configuration("configs/demo.yaml"), tmp_path / "pipeline.json")
