"""The graph of a configuration, and what Kubeflow's compiler makes of it."""

import dataclasses
import json
import re
from pathlib import Path

import pytest
import yaml

from pipeline.configuration import ClusterSection, Configuration, load_configuration
from pipeline.graph import Places, build_nodes, training_digest
from pipeline.kubeflow_compiler import compile_pipeline
from trainer.errors import UserError
from trainer.settings import from_json
from trainer.sweep_settings import SweepSettings, sweep_from_json
from trainer.watch_settings import WatchSettings

FINGERPRINTS = {"natural": "n", "medical": "m"}
PLACES = Places("/checkpoints", "/serving", "/key", FINGERPRINTS, "/registry", "")


def configuration(**changes) -> Configuration:
    loaded = load_configuration("configs/demo.yaml")
    return Configuration.model_validate(loaded.model_dump() | changes)


def ids(configured: Configuration) -> list[str]:
    return [node.id for node in build_nodes(configured, PLACES)]


def test_the_papers_three_steps_and_the_way_to_promotion_are_nodes():
    assert ids(configuration()) == [
        "case-schema",
        "natural-cases",
        "natural-transform",
        "medical-cases",
        "medical-transform",
        "medical-statistics",
        "medical-validator",
        "pretrain-1-natural-simclr",
        "pairs-2",
        "pretrain-2-medical-micle",
        "fine-tune-candidate",
        "predict-candidate",
        "evaluate-candidate",
        "check-candidate",
        "fine-tune-baseline",
        "predict-baseline",
        "evaluate-baseline",
        "champion-source",
        "predict-champion",
        "evaluate-champion",
        "promotion-gate",
        "slice-report",
        "model-registrar",
        "pusher",
    ]


def test_each_step_starts_from_the_encoder_before_it():
    nodes = {node.id: node for node in build_nodes(configuration(), PLACES)}
    first = nodes["pretrain-1-natural-simclr"].outputs["encoder"]
    second = nodes["pretrain-2-medical-micle"]
    assert second.inputs["initial_encoder"].producer_component_id == "pretrain-1-natural-simclr"
    assert first.type is second.outputs["encoder"].type
    candidate = nodes["fine-tune-candidate"]
    assert candidate.inputs["initial_encoder"].producer_component_id == "pretrain-2-medical-micle"
    assert "initial_encoder" not in nodes["fine-tune-baseline"].inputs


def test_labelled_medical_cases_watch_medical_trainings_only():
    steps = configuration().model_dump()["pretraining"]
    steps[1]["watch"] = {"every": 7}
    nodes = {node.id: node for node in build_nodes(configuration(pretraining=steps), PLACES)}
    natural, medical = nodes["pretrain-1-natural-simclr"], nodes["pretrain-2-medical-micle"]
    assert "watch_examples" not in natural.inputs
    assert medical.inputs["watch_examples"].producer_component_id == "medical-transform"
    properties = medical.exec_properties
    assert from_json(WatchSettings, properties["watch_settings"]) == WatchSettings(every=7)
    assert properties["watch_task"] == "multi_label"
    assert json.loads(properties["watch_classes"])[0] == "opacity"


def test_without_pretraining_or_baseline_their_nodes_are_gone():
    found = ids(configuration(pretraining=[], baseline="none"))
    assert not [name for name in found if re.match("natural|pretrain|pairs|.*baseline", name)]


def test_a_ready_encoder_takes_the_place_of_step_1():
    steps = configuration().model_dump()["pretraining"][1:]
    found = ids(configuration(initial_encoder="/models/encoder", pretraining=steps))
    assert "initial-encoder" in found
    assert not [name for name in found if name.startswith("natural")]


def test_the_pusher_obeys_the_registrar_which_follows_the_gate():
    nodes = {node.id: node for node in build_nodes(configuration(), PLACES)}
    assert nodes["pusher"].inputs["model_blessing"].producer_component_id == "model-registrar"
    assert nodes["model-registrar"].inputs["verdict"].producer_component_id == "promotion-gate"


def test_another_champion_is_another_execution():
    def property_of(champion):
        nodes = build_nodes(configuration(), dataclasses.replace(PLACES, registry_state=champion))
        [source] = [node for node in nodes if node.id == "champion-source"]
        return source.exec_properties["registry_state"]

    assert (property_of(""), property_of("ab")) == ("", "ab")


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({"gate": {"max_size_mb": 1.0}}, True),
        ({"report": {"title": "Other", "intended_use": "Other"}}, True),
        ({"output_dir": "elsewhere"}, True),
        ({"seed": 1}, False),
        ({"pretraining": []}, False),
        ({"fine_tuning": {"label_fraction": 0.5}}, False),
    ],
)
def test_what_decides_the_candidate_is_told_from_how_it_is_judged(changes, same):
    digests = [
        training_digest(configured, FINGERPRINTS)
        for configured in (configuration(), configuration(**changes))
    ]
    assert (digests[0] == digests[1]) == same


def test_candidate_and_baseline_are_swept_alike():
    sweep = {"learning_rates": [0.001, 0.01], "weight_decays": [0.0]}
    configured = configuration(fine_tuning={"sweep": sweep})
    nodes = {node.id: node for node in build_nodes(configured, PLACES)}
    swept = [
        nodes[f"fine-tune-{role}"].exec_properties["sweep"] for role in ("candidate", "baseline")
    ]
    assert swept[0] == swept[1]
    assert sweep_from_json(swept[0]) == SweepSettings((0.001, 0.01), (0.0,))


@pytest.fixture(scope="module")
def compiled(tmp_path_factory) -> tuple[dict, bytes, bytes]:
    directory = tmp_path_factory.mktemp("compiled")
    data = configuration().model_dump()["data"]
    for name in ("natural", "medical"):
        data[name]["manifest"] = f"gs://bucket/{name}.csv"
    cluster = ClusterSection(image="registry/micle@sha256:0", pipeline_root="gs://bucket/root")
    configured = configuration(cluster=cluster.model_dump(), data=data)
    contents = []
    for name in ("first.yaml", "second.yaml"):
        compile_pipeline(configured, directory / name)
        contents.append((directory / name).read_bytes())
    return yaml.safe_load(contents[0]), contents[0], contents[1]


def test_the_same_input_compiles_to_the_same_bytes(compiled):
    _, first, second = compiled
    assert first == second


def test_the_spec_has_what_open_source_kubeflow_takes(compiled):
    specification, _, _ = compiled
    assert specification["schemaVersion"] == "2.1.0"
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]*", specification["pipelineInfo"]["name"])
    tasks = specification["root"]["dag"]["tasks"]
    assert len(tasks) == 24
    for name, task in tasks.items():
        assert re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", name)
        for artifact in task.get("inputs", {}).get("artifacts", {}).values():
            assert artifact["taskOutputArtifact"]["producerTask"] in tasks
    for executor in specification["deploymentSpec"]["executors"].values():
        assert set(executor) <= {"container", "importer"}
        assert "lifecycle" not in executor.get("container", {})


def test_own_artifact_types_can_be_imported_by_their_name(compiled):
    import importlib

    _, content, _ = compiled
    titles = set(re.findall(r"title: (components\.\w+)", content.decode()))
    assert titles == {
        "components.Encoder",
        "components.IngestionReport",
        "components.ModelCheck",
        "components.SliceReport",
    }
    for title in titles:
        module, name = title.split(".")
        assert title == getattr(importlib.import_module(module), name).TYPE_NAME


def test_no_secret_is_in_the_compiled_file(compiled):
    _, content, _ = compiled
    secret = Path("configs/demo.key").read_bytes().strip()
    assert secret not in content


def test_without_a_cluster_section_nothing_is_compiled(tmp_path):
    with pytest.raises(UserError, match="cluster: is missing"):
        compile_pipeline(configuration(), tmp_path / "pipeline.yaml")
