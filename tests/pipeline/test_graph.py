"""The graph of a configuration."""

import dataclasses
import json
import re

import pytest

from pipeline.configuration import Configuration, load_configuration
from pipeline.graph import build_nodes, training_digest
from pipeline.places import Places
from trainer.settings import from_json
from trainer.sweep_settings import SweepSettings, sweep_from_json
from trainer.watch_settings import WatchSettings

FINGERPRINTS = {"natural": "n", "medical": "m"}
PLACES = Places("/checkpoints", "/serving", "/key", FINGERPRINTS, "/registry", "")


def configuration(**changes) -> Configuration:
    loaded = load_configuration("configs/demo.yaml")
    return Configuration.model_validate(loaded.model_dump() | {"cluster": None} | changes)


def ids(configured: Configuration) -> list[str]:
    return [node.id for node in build_nodes(configured, PLACES)]


def test_the_papers_three_steps_and_the_way_to_promotion_are_nodes():
    assert ids(configuration()) == [
        "case-schema",
        "natural-cases",
        "medical-cases",
        "leakage-check",
        "natural-transform",
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


def test_leaking_cases_are_left_out_before_anything_learns_from_them():
    data = configuration().model_dump()["data"]
    removing = configuration(data=data | {"leakage": {"action": "remove"}})
    nodes = {node.id: node for node in build_nodes(removing, PLACES)}
    for name in ("natural", "medical"):
        taken = nodes[f"{name}-transform"].inputs["examples"].producer_component_id
        assert taken == f"{name}-without-leaks"
    assert nodes["promotion-gate"].inputs["leakage"].producer_component_id == "leakage-check"
    not_looked_for = ids(
        configuration(data=data | {"leakage": None}, gate={"max_calibration_error": {"bound": 0.2}})
    )
    assert not [name for name in not_looked_for if "leak" in name]


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


@pytest.mark.parametrize(("per_site", "inputs"), [(0, set()), (3, {"examples", "predictions"})])
def test_images_reach_the_report_only_where_a_gallery_is_asked_for(per_site, inputs):
    asked = {"title": "T", "intended_use": "U", "error_gallery": per_site}
    report = next(
        node
        for node in build_nodes(configuration(report=asked), PLACES)
        if node.id == "slice-report"
    )
    assert {"examples", "predictions"} & set(report.inputs) == inputs
