"""What arms took, from the seconds of their steps."""

import pytest

from pipeline.study.arms import arms_of
from pipeline.study.cost import arm_cost
from pipeline.study.steps import ReadyEncoder
from tests.pipeline.study.study_files import finish, study


@pytest.fixture
def small(tmp_path):
    starts = {"random": [], "pretrained": ["simclr-natural", "simclr-medical"]}
    return study(tmp_path, initialisations=starts)


def seconds_of(step):
    """A minute for each encoder, 10 s and a second for each seed for a fine-tuning."""
    if step.startswith("pretrain-"):
        return 60.0
    return 10.0 + int(step[-1]) if step.startswith("fine-tune-") else 1.0


def costs_by_role(found, directory):
    finished = finish(found, directory, seconds_of)
    return {arm.role: arm_cost(arm, finished) for arm in arms_of(found)}


def test_the_cost_of_an_arm_holds_its_whole_chain(small, tmp_path):
    costs = costs_by_role(small, tmp_path)
    pretrained, random = costs["pretrained-f100-s1"], costs["random-f100-s1"]
    assert (pretrained.pretraining_seconds, pretrained.fine_tuning_seconds) == (120.0, 11.0)
    assert (random.pretraining_seconds, random.fine_tuning_seconds) == (0.0, 11.0)


def test_the_training_of_a_ready_encoder_is_not_counted(small, tmp_path):
    ready = ReadyEncoder(method="ready", encoder="encoders/published")
    changed = small.model_copy(update={"steps": {**small.steps, "simclr-natural": ready}})
    costs = costs_by_role(changed, tmp_path)
    assert costs["pretrained-f100-s0"].pretraining_seconds == 60.0
    assert costs["pretrained-f100-s0"].has_ready_encoder
    assert not costs["random-f100-s0"].has_ready_encoder
