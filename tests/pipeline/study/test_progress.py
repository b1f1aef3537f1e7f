"""The rough time left, from finished nodes of the same kind."""

import io

from pipeline.study.finished import FinishedNodes
from pipeline.study.origins import Origin
from pipeline.study.progress import StudyConsole, TimeLeft, kind_of, rough_time, time_left
from pipeline.study.training_work import training_work
from pipeline.validation.findings import Summary
from tests.pipeline.study.study_files import study
from trainer.progress import Progress, report


def test_other_seeds_and_starts_take_about_as_long():
    assert kind_of("pretrain-micle-medical-3fa2-s0") == kind_of("pretrain-micle-medical-3fa2-s12")
    assert kind_of("fine-tune-random-f20-s0") == kind_of("fine-tune-simclr-natural-f20-s2")
    assert kind_of("evaluate-random-f20-s0-head") == kind_of("evaluate-micle-f20-s1-head")


def test_other_steps_shares_and_kinds_of_training_do_not():
    kinds = {
        kind_of(name)
        for name in (
            *("pretrain-simclr-natural-s0", "pretrain-simclr-medical-s0"),
            *("fine-tune-random-f20-s0", "fine-tune-random-f100-s0"),
            *("fine-tune-random-f20-s0-head", "predict-random-f20-s0"),
        )
    }
    assert len(kinds) == 6


def test_the_rest_is_the_mean_of_each_kind():
    durations = {"fine-tune-a-f20-s0": 10.0, "fine-tune-b-f20-s0": 20.0, "pairs-m-s0": 4.0}
    remaining = ["fine-tune-a-f20-s1", "pairs-m-s1"]
    assert time_left(durations, remaining, {}) == TimeLeft(19.0, is_least=False)


def test_a_training_of_a_kind_not_yet_seen_is_told_from_others_by_its_work():
    durations = {"fine-tune-a-f20-s0": 10.0, "pretrain-a-s0": 60.0}
    work = {
        **{"fine-tune-a-f20-s0": 100.0, "fine-tune-a-f50-s0": 250.0},
        **{"pretrain-a-s0": 1000.0, "pretrain-b-s0": 500.0},
    }
    remaining = ["fine-tune-a-f50-s0", "pretrain-b-s0"]
    assert time_left(durations, remaining, work) == TimeLeft(25.0 + 30.0, is_least=False)


def test_what_no_training_tells_of_leaves_the_least():
    work = {"pretrain-a-s0": 1000.0, "fine-tune-a-f50-s0": 250.0, "fine-tune-a-f50-s0-head": 250.0}
    found = time_left({"pretrain-a-s0": 60.0}, ["pretrain-a-s1", "fine-tune-a-f50-s0"], work)
    assert found == TimeLeft(60.0, is_least=True)
    found = time_left({"fine-tune-a-f50-s0": 60.0}, ["fine-tune-a-f50-s0-head"], work)
    assert found.is_least


def test_the_work_of_a_training_is_its_passes_over_its_cases(tmp_path):
    summary = Summary(1000, 400, 300, {"train": 200}, {})
    found = training_work(study(tmp_path), {"natural": summary, "medical": summary})
    settings = study(tmp_path).base.fine_tuning.training
    half, whole = found["fine-tune-random-f50-s0"], found["fine-tune-random-f100-s0"]
    assert settings.minimum_steps == 0
    assert half == settings.epochs * settings.batch_size * -(-100 // settings.batch_size)
    assert whole == settings.epochs * settings.batch_size * -(-200 // settings.batch_size)
    # SimCLR goes over images, MICLe over cases.
    steps = study(tmp_path).steps
    simclr = found["pretrain-simclr-natural-s0"]
    micle = next(work for node, work in found.items() if node.startswith("pretrain-micle"))
    assert simclr == steps["simclr-natural"].training.epochs * 1000
    assert micle == steps["micle-medical"].training.epochs * 400


def test_time_in_words():
    assert (rough_time(290), rough_time(12_240)) == ("5 min", "3.4 h")
    assert (rough_time(119), rough_time(20), rough_time(0.2)) == ("119 s", "20 s", "1 s")


def test_a_long_training_says_how_long_the_study_will_take(tmp_path, monkeypatch):
    monkeypatch.setattr("pipeline.console.PLAIN_LINE_SECONDS", -1.0)
    ids = ["pretrain-simclr-medical-s0", "pretrain-simclr-medical-s1", "evaluate-a-f50-s0"]
    terminal = io.StringIO()
    finished = FinishedNodes(tmp_path, {name: Origin("settings", {}) for name in ids})
    with StudyConsole(terminal, ids, finished, workers=1, work={}) as console:
        console.node_started(ids[0], 1, 3)
        # An hour of its own left of two, and two for the other seed.
        report(Progress("contrastive pretraining", 3600, 7200, "images", 1.0))
    assert "60:00 left" in terminal.getvalue()
    assert "(study: about 3.0 h left)" in terminal.getvalue()


def test_finished_nodes_outlive_the_process_and_keep_their_seconds(tmp_path):
    origins = {"fine-tune-a": Origin("settings", {})}
    FinishedNodes(tmp_path, origins).add("fine-tune-a", 12.5, {"model": "/m"}, cached=False)
    again = FinishedNodes(tmp_path, origins)
    again.add("fine-tune-a", 0.1, {"model": "/m"}, cached=True)
    assert FinishedNodes(tmp_path, origins).nodes["fine-tune-a"].seconds == 12.5
