"""What is finished counts as long as it is made from what the study asks today."""

import pytest

from pipeline.study.arms import arms_of
from tests.pipeline.study.study_files import finish, finished_today, forget_origins, study

FINE_TUNING = {"training": {"epochs": 7}}
LONGER = {"data": "medical", "method": "simclr", "training": {"epochs": 7}}
ALL = {"random", "natural", "both", "micle"}


def starts_left(found, directory):
    """The starts of which all arms are finished, and those of which none is."""
    finished = finished_today(found, directory)
    has = {
        name: {finished.has_arm(arm) for arm in arms_of(found) if arm.initialisation == name}
        for name in found.initialisations
    }
    assert all(len(answers) == 1 for answers in has.values())
    return {name for name, answers in has.items() if answers == {True}}


@pytest.mark.parametrize(
    ("changes", "left"),
    [
        ({}, ALL),
        ({"title": "Another title", "baseline": "natural"}, ALL),
        ({"evaluation_split": "validation"}, set()),
        ({"fine_tuning": FINE_TUNING}, set()),
        ({"own_fine_tuning": {"natural": {"epochs": 7}}}, ALL - {"natural"}),
        ({"steps": {"simclr-medical": LONGER}}, {"random", "natural"}),
        (
            {"initialisations": {"random": [], "natural": ["simclr-natural"], "both": ["mild"]}}
            | {"steps": {"mild": LONGER}},
            {"random", "natural"},
        ),
    ],
)
def test_an_arm_counts_while_nothing_that_it_is_made_from_has_changed(tmp_path, changes, left):
    finish(study(tmp_path), tmp_path)
    assert starts_left(study(tmp_path, **changes), tmp_path) == left


def test_a_study_that_grows_keeps_its_arms(tmp_path):
    before = study(tmp_path)
    finish(before, tmp_path)
    larger = study(tmp_path, seeds=[0, 1, 2], label_fractions=[0.1, 0.5, 1.0])
    finished = finished_today(larger, tmp_path)
    kept = {arm.role for arm in arms_of(larger) if finished.has_arm(arm)}
    assert kept == {arm.role for arm in arms_of(before)}


def test_a_step_that_ran_anew_leaves_behind_what_was_made_from_its_earlier_output(tmp_path):
    found = study(tmp_path)
    finished = finish(found, tmp_path)
    both = next(node for node in finished.nodes if node.startswith("pretrain-simclr-medical-"))
    finished.add(both, 1.0, {"encoder": "/of-a-further-run"}, cached=False)
    left = {arm.role for arm in arms_of(found) if finished.has_arm(arm)}
    assert left == {
        arm.role
        for arm in arms_of(found)
        if arm.initialisation in ("random", "natural") or not both.endswith(f"-s{arm.seed}")
    }
    finished.add("medical-cases", 1.0, {"examples": "/of-other-images"}, cached=False)
    assert not any(finished.has_arm(arm) for arm in arms_of(found))


def test_where_it_is_kept_is_no_part_of_what_a_step_is_made_from(tmp_path):
    finish(study(tmp_path), tmp_path)
    assert starts_left(study(tmp_path, output_dir="runs/elsewhere"), tmp_path) == ALL


def test_an_arm_of_an_older_version_counts_until_one_of_its_steps_is_taken_up(tmp_path):
    found = study(tmp_path)
    outputs = finish(found, tmp_path).nodes["case-schema"].output_uris
    forget_origins(tmp_path)
    finished = finished_today(found, tmp_path)
    assert all(finished.has_arm(arm) for arm in arms_of(found))
    assert all(finished.is_of_unknown_origin(arm) for arm in arms_of(found))
    finished.add("case-schema", 1.0, outputs, cached=True)
    assert not any(finished.has_arm(arm) for arm in arms_of(found))
