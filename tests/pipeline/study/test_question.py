"""What a study's report says of each start, in words."""

import dataclasses

from pydantic import TypeAdapter

from components.study_report.arms import compared_arms
from components.study_report.question import StudyQuestion
from pipeline.study.arms import arms_of
from pipeline.study.question import study_question
from tests.pipeline.study.study_files import study
from trainer.settings import to_json

STARTS = {"random": [], "pretrained": ["simclr-natural", "simclr-medical"]}


def steps_of(found):
    return {start.name: start.steps for start in study_question(found).initialisations}


def test_a_start_has_gone_through_its_steps_in_order(tmp_path):
    assert steps_of(study(tmp_path, initialisations=STARTS)) == {
        "random": (),
        "pretrained": ("SimCLR natural", "SimCLR medical"),
    }


def test_an_encoder_that_all_seeds_share_is_marked(tmp_path):
    shared = study(tmp_path, initialisations=STARTS, shared_steps=["simclr-natural"])
    assert steps_of(shared)["pretrained"] == (
        "SimCLR natural (one for all seeds)",
        "SimCLR medical",
    )


def test_a_step_with_a_name_of_its_own_is_told_from_others_of_its_kind(tmp_path):
    mild = {"simclr-mild": {"data": "medical", "method": "simclr"}}
    starts = {"random": [], "pretrained": ["simclr-natural", "simclr-mild"]}
    found = study(tmp_path, steps=mild, initialisations=starts, shared_steps=["simclr-natural"])
    assert steps_of(found)["pretrained"] == (
        "SimCLR natural (one for all seeds)",
        "SimCLR medical (step simclr-mild)",
    )


def test_only_settings_that_differ_from_the_others_are_named(tmp_path):
    found = study(tmp_path, initialisations=STARTS)
    usual = found.base.fine_tuning.training
    own = {"pretrained": dataclasses.replace(usual, features_from="projection_first_layer")}
    changed = study_question(found.model_copy(update={"own_fine_tuning": own}))
    assert {start.name: start.own_fine_tuning for start in changed.initialisations} == {
        "random": (),
        "pretrained": ("features_from projection_first_layer",),
    }


def test_it_asks_of_the_arms_that_are_trained(tmp_path):
    found = study(tmp_path, trainable=["network", "head"])
    asked = study_question(found).arms
    assert [arm.role for arm in asked] == [arm.role for arm in arms_of(found)]
    assert asked == compared_arms((0, 1), found.initialisations, ("network", "head"), (0.5, 1.0))


def test_it_is_the_same_after_a_way_through_json(tmp_path):
    found = study(tmp_path, contrasts=[["micle", "both"]], label_fractions=[0.1, 1.0])
    question = study_question(found)
    assert TypeAdapter(StudyQuestion).validate_json(to_json(question)) == question
