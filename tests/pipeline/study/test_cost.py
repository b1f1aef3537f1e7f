"""What arms took, from the seconds of their steps."""

import pytest

from pipeline.study.arms import arms_of
from pipeline.study.cost import arm_costs
from pipeline.study.finished import FinishedNodes
from pipeline.study.steps import ReadyEncoder
from tests.pipeline.study.study_files import study


@pytest.fixture
def small(tmp_path):
    starts = {"random": [], "pretrained": ["simclr-natural", "simclr-medical"]}
    return study(tmp_path, initialisations=starts)


@pytest.fixture
def finished(small, tmp_path):
    """A minute for each encoder, 10 s and a second for each seed for a fine-tuning."""
    found = FinishedNodes(tmp_path)
    for arm in arms_of(small):
        for encoder in arm.lineage:
            found.add(encoder.node_id, 60.0, {}, cached=False)
        found.add(f"fine-tune-{arm.role}", 10.0 + arm.seed, {}, cached=False)
        found.add(f"evaluate-{arm.role}", 1.0, {}, cached=False)
    return found


def costs_by_role(found, finished):
    return {cost.arm.role: cost for cost in arm_costs(found, finished)}


def test_the_cost_of_an_arm_holds_its_whole_chain(small, finished):
    costs = costs_by_role(small, finished)
    pretrained, random = costs["pretrained-f100-s1"], costs["random-f100-s1"]
    assert (pretrained.pretraining_seconds, pretrained.fine_tuning_seconds) == (120.0, 11.0)
    assert (random.pretraining_seconds, random.fine_tuning_seconds) == (0.0, 11.0)


def test_the_training_of_a_ready_encoder_is_not_counted(small, finished):
    ready = ReadyEncoder(method="ready", encoder="encoders/published")
    changed = small.model_copy(update={"steps": {**small.steps, "simclr-natural": ready}})
    costs = costs_by_role(changed, finished)
    assert costs["pretrained-f100-s0"].pretraining_seconds == 60.0
    assert costs["pretrained-f100-s0"].has_ready_encoder
    assert not costs["random-f100-s0"].has_ready_encoder


def test_arms_of_a_chain_that_is_no_more_are_not_finished(small, finished):
    steps = {**small.steps, "simclr-mild": small.steps["simclr-medical"]}
    starts = {**small.initialisations, "pretrained": ("simclr-natural", "simclr-mild")}
    changed = small.model_copy(update={"steps": steps, "initialisations": starts})
    assert {cost.arm.initialisation for cost in arm_costs(changed, finished)} == {"random"}
    assert len(arm_costs(changed, finished)) == len(arms_of(changed)) / 2
