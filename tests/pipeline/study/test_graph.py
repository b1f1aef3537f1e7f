"""The graph of a study: what is shared is there once."""

import json
from collections import Counter
from dataclasses import replace

import pytest
import yaml

import components
from pipeline.kubeflow_checks import find_problems
from pipeline.places import Places
from pipeline.study.compiler import compile_study
from pipeline.study.graph import build_study_nodes
from tests.pipeline.study.study_files import labelled_natural, study
from trainer.settings import FineTuneSettings, from_json

PLACES = Places(
    "/checkpoints", "/serving", "/key", {"natural": "n", "medical": "m"}, "/registry", ""
)


def nodes_of(found):
    return {node.id: node for node in build_study_nodes(found, PLACES)}


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    directory = tmp_path_factory.mktemp("study")
    return study(
        directory,
        natural_labels=labelled_natural(directory),
        initialisations={
            "random": [],
            "supervised": ["supervised-natural"],
            "both": ["simclr-natural", "simclr-medical"],
            "micle": ["simclr-natural", "simclr-medical", "micle-medical"],
            "remedis": ["supervised-natural", "micle-medical"],
        },
        trainable=["network", "head"],
    )


@pytest.fixture(scope="module")
def nodes(full):
    return nodes_of(full)


def test_every_data_set_is_read_once_and_every_encoder_trained_once(nodes):
    kinds = Counter(type(node).__name__ for node in nodes.values())
    assert kinds["CaseExampleGen"] == kinds["CaseTransform"] == 2
    # Two seeds: SimCLR on natural, on medical after it, MICLe after both, MICLe after supervised.
    assert kinds["ContrastivePretrainer"] == 2 * 4
    assert kinds["SupervisedPretrainer"] == 2 * 1
    assert kinds["PairBuilder"] == 2
    arms = 5 * 2 * 2 * 2
    assert kinds["FineTuner"] == kinds["CasePredictor"] == kinds["SiteEvaluator"] == arms


def test_a_chain_starts_from_the_encoder_before_it(nodes):
    [micle] = [
        name
        for name in nodes
        if name.startswith("pretrain-micle-medical")
        and after(nodes, name).startswith("pretrain-simclr-medical")
        and name.endswith("s1")
    ]
    simclr = after(nodes, micle)
    assert after(nodes, simclr) == "pretrain-simclr-natural-s1"
    assert after(nodes, "fine-tune-micle-f50-s1") == micle
    assert after(nodes, "fine-tune-both-f50-s1") == simclr
    assert "initial_encoder" not in nodes["fine-tune-random-f50-s1"].inputs


def after(nodes, name: str) -> str:
    return nodes[name].inputs["initial_encoder"].producer_component_id


def test_a_study_on_validation_scores_and_evaluates_nothing_else(tmp_path):
    nodes = nodes_of(study(tmp_path, evaluation_split="validation"))
    predictor = nodes["predict-random-f50-s0"].exec_properties
    assert json.loads(predictor["splits"]) == ["validation"]
    assert nodes["evaluate-random-f50-s0"].exec_properties["split"] == "validation"


def test_an_arm_has_its_own_fraction_seed_and_kind_of_training(nodes):
    properties = nodes["fine-tune-both-f50-s1-head"].exec_properties
    assert (properties["label_fraction"], properties["seed"]) == (0.5, 1)
    assert from_json(FineTuneSettings, properties["settings"]).trainable == "head"


def test_a_start_may_have_a_fine_tuning_of_its_own(tmp_path):
    own = {"natural": {"features_from": "projection_first_layer", "learning_rate": 0.002}}
    nodes = nodes_of(study(tmp_path, own_fine_tuning=own))

    def settings_of(node):
        return from_json(FineTuneSettings, nodes[node].exec_properties["settings"])

    usual = settings_of("fine-tune-both-f50-s0")
    assert usual.features_from == "encoder"
    assert settings_of("fine-tune-natural-f50-s0") == replace(
        usual, features_from="projection_first_layer", learning_rate=0.002
    )


def test_all_arms_resample_the_same_patients(nodes):
    seeds = {node.exec_properties["seed"] for name, node in nodes.items() if "evaluate-" in name}
    assert len(seeds) == 1


def test_supervised_pretraining_learns_the_natural_classes(nodes):
    supervised = nodes["pretrain-supervised-natural-s0"]
    assert supervised.exec_properties["classes"] == '["cat", "tree"]'
    assert supervised.inputs["examples"].producer_component_id == "natural-transform"


@pytest.fixture(scope="module")
def compiled(full, tmp_path_factory):
    path = tmp_path_factory.mktemp("compiled") / "study.yaml"
    small = full.model_copy(update={"seeds": (1,), "trainable": ("network",)})
    steps = compile_study(small, path)
    specification, platform = yaml.safe_load_all(path.read_text())
    assert steps == len(specification["root"]["dag"]["tasks"])
    return specification, platform


def test_kubeflow_would_take_it_with_the_arms_in_parallel(compiled):
    specification, platform = compiled
    assert find_problems(specification, platform) == []
    tasks = specification["root"]["dag"]["tasks"]
    waits = {name: set(task.get("dependentTasks", [])) for name, task in tasks.items()}
    arms = [name for name in waits if name.startswith("fine-tune-")]
    assert not [name for name in arms if any("tune-" in other for other in waits[name])]


def test_it_ends_in_the_report_of_all_arms(compiled):
    specification, _ = compiled
    tasks = specification["root"]["dag"]["tasks"]
    inputs = {
        name: source["taskOutputArtifact"]
        for name, source in tasks["study-report"]["inputs"]["artifacts"].items()
    }
    starts = ("random", "supervised", "both", "micle", "remedis")
    roles = {f"{name}-f{share}-s1" for name in starts for share in (50, 100)}
    assert inputs == {
        role: {"producerTask": f"evaluate-{role}", "outputArtifactKey": "evaluation"}
        for role in roles
    }
    assert set(tasks["study-report"]["dependentTasks"]) == {f"evaluate-{role}" for role in roles}
    assert not [name for name in tasks if "study-report" in tasks[name].get("dependentTasks", [])]
    [output] = specification["components"]["study-report"]["outputDefinitions"]["artifacts"].items()
    assert output[0] == "report"
    assert "title: components.StudyReport" in output[1]["artifactType"]["instanceSchema"]
    assert components.StudyReport.TYPE_NAME == "components.StudyReport"


def test_the_report_runs_where_other_small_steps_do(compiled):
    specification, platform = compiled
    executors = specification["deploymentSpec"]["executors"]
    placed = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    report, other = (f"{name}_executor" for name in ("study-report", "evaluate-random-f50-s1"))
    assert executors[report]["container"]["resources"] == executors[other]["container"]["resources"]
    assert "accelerator" not in executors[report]["container"]["resources"]
    assert placed[report] == placed[other]


def test_seed_and_fraction_cannot_be_set_for_all_arms_at_once(compiled):
    specification, _ = compiled
    assert not {"seed", "label_fraction"} & set(
        specification["root"]["inputDefinitions"]["parameters"]
    )
    task = specification["root"]["dag"]["tasks"]["fine-tune-both-f50-s1"]
    assert task["inputs"]["parameters"]["seed"]["runtimeValue"]["constant"] == 1
