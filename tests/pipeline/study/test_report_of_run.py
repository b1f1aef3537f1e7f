"""The report of a folder holds the arms of today's study, and says where it holds none."""

import json
from dataclasses import asdict, replace

import pytest

from pipeline.commands.study import study_report_command
from pipeline.study.arms import arms_of
from pipeline.study.report_of_run import ReportedArms, write_study_report
from tests.components.promotion_gate.handmade_evaluations import (
    make_evaluation,
    make_slice,
    write_evaluation,
)
from tests.pipeline.study.study_files import (
    finish,
    finished_today,
    forget_origins,
    study,
    write_base,
)
from trainer.errors import UserError

FINE_TUNING = {"training": {"epochs": 7}}


def small(directory, **changes):
    write_base(directory, ["edema"], ["east"])
    starts = {"random": [], "pretrained": ["simclr-natural"]}
    values = {"base": "base.yaml", "seeds": [0], "label_fractions": [1.0]}
    return study(directory, **{**values, "initialisations": starts, **changes})


def card_of(found, arm, card):
    """The card that a fine-tuning writes."""
    settings = replace(found.fine_tuning_of(arm.initialisation), trainable=arm.trainable)
    return replace(
        card,
        label_fraction=arm.label_fraction,
        seed=arm.seed,
        fine_tuning=asdict(settings) | {"best_epoch": 3},
        network=asdict(found.base.encoder),
    )


@pytest.fixture
def run(tmp_path):
    """The folder of a study on the test cases, finished."""
    found = small(tmp_path)
    folder = tmp_path / "run"
    folder.mkdir()
    finish(found, folder)
    for arm in arms_of(found):
        inside, east = make_slice(0.8), make_slice(0.7)
        evaluation = make_evaluation(in_distribution=inside, shifted=east, east=east)
        evaluation = replace(evaluation, card=card_of(found, arm, evaluation.card))
        write_evaluation(folder / f"evaluate-{arm.role}" / "evaluation", evaluation)
        scored = folder / f"predict-{arm.role}" / "predictions"
        scored.mkdir(parents=True)
        (scored / "predictions-test.gz").touch()
    return folder


def report(found, run):
    return write_study_report(found, finished_today(found, run), run / "study")


@pytest.mark.parametrize("is_of_older_version", [False, True])
def test_all_arms_of_an_unchanged_study_are_reported(tmp_path, run, is_of_older_version):
    if is_of_older_version:
        forget_origins(run)
    assert report(small(tmp_path), run) == ReportedArms(2, 0)


@pytest.mark.parametrize("is_of_older_version", [False, True])
@pytest.mark.parametrize(
    "changes", [{"evaluation_split": "validation"}, {"fine_tuning": FINE_TUNING}]
)
def test_figures_of_other_cases_or_settings_are_not_shown_as_todays(
    tmp_path, run, changes, is_of_older_version
):
    if is_of_older_version:
        forget_origins(run)
    with pytest.raises(UserError, match="changed since its arms were finished") as caught:
        report(small(tmp_path, **changes), run)
    assert "Run 'micle study' without --report first" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (run / "study").exists()


def test_arms_of_before_a_change_are_left_out_and_counted(tmp_path, run):
    changed = small(tmp_path, own_fine_tuning={"pretrained": {"epochs": 7}})
    assert report(changed, run) == ReportedArms(reported=1, outdated=1)
    written = json.loads((run / "study" / "study.json").read_text())
    assert (written["arms_finished"], written["arms"]) == (1, 2)
    assert {row["initialisation"] for row in written["results"]} == {"random"}


def test_the_command_says_how_many_are_left_out(tmp_path, run, capsys):
    small(tmp_path, output_dir=str(run), own_fine_tuning={"pretrained": {"epochs": 7}})
    study_report_command(str(tmp_path / "study.yaml"))
    said = capsys.readouterr().out
    assert "1 of 2 arms are finished; the report is of these." in said
    assert "Left out, finished before the study or its data changed: 1." in said


def test_a_folder_without_a_finished_arm_says_so(tmp_path):
    with pytest.raises(UserError, match="no arm of the study is finished"):
        report(small(tmp_path), tmp_path / "empty")
