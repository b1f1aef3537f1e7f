"""The prefix tree of encoders, and the arms."""

from pipeline.study.arms import StudyEncoder, arms_of, encoders_of
from tests.pipeline.study.study_files import study


def test_a_shared_beginning_is_trained_once_a_seed(tmp_path):
    # natural; natural > medical; natural > medical > MICLe: three trainings, not six.
    encoders = encoders_of(study(tmp_path))
    assert [(encoder.seed, len(encoder.chain)) for encoder in encoders] == [
        *[(0, 1), (0, 2), (0, 3)],
        *[(1, 1), (1, 2), (1, 3)],
    ]


def test_parents_come_before_children(tmp_path):
    encoders = encoders_of(study(tmp_path))
    for place, encoder in enumerate(encoders):
        assert encoder.parent is None or encoder.parent in encoders[:place]


def test_a_shared_step_is_trained_with_the_first_seed_only(tmp_path):
    encoders = encoders_of(study(tmp_path, seeds=[3, 4], shared_steps=["simclr-natural"]))
    assert [(encoder.seed, len(encoder.chain)) for encoder in encoders] == [
        *[(3, 1), (3, 2), (3, 3)],
        *[(4, 2), (4, 3)],
    ]
    natural, *_, later, _ = encoders
    assert later.parent == natural


def test_arms_of_every_seed_start_from_a_shared_encoder(tmp_path):
    arms = arms_of(study(tmp_path, seeds=[3, 4], shared_steps=["simclr-natural"]))
    starts = {(arm.seed, arm.encoder.role) for arm in arms if arm.initialisation == "natural"}
    assert starts == {(3, "simclr-natural-s3"), (4, "simclr-natural-s3")}


def test_the_same_step_after_another_past_is_another_encoder(tmp_path):
    starts = {
        "random": [],
        "direct": ["simclr-medical"],
        "after": ["simclr-natural", "simclr-medical"],
    }
    roles = [encoder.role for encoder in encoders_of(study(tmp_path, initialisations=starts))]
    assert len(set(roles)) == len(roles) == 6
    assert "simclr-medical-s0" in roles


def test_ids_stay_when_a_study_grows(tmp_path):
    chain = ("simclr-natural", "simclr-medical")
    more = {"random": [], "new": ["simclr-medical"], "both": list(chain)}
    small = {encoder.role for encoder in encoders_of(study(tmp_path)) if encoder.chain == chain}
    large = {
        encoder.role
        for encoder in encoders_of(study(tmp_path, initialisations=more))
        if encoder.chain == chain
    }
    assert small == large == {StudyEncoder(chain, seed).role for seed in (0, 1)}


def test_an_arm_for_each_start_share_seed_and_kind_of_training(tmp_path):
    arms = arms_of(study(tmp_path, trainable=["network", "head"], label_fractions=[0.125, 1.0]))
    assert len(arms) == 4 * 2 * 2 * 2
    roles = [arm.role for arm in arms]
    assert len(set(roles)) == len(roles)
    assert "micle-f12p5-s1-head" in roles
    assert "random-f100-s0" in roles
