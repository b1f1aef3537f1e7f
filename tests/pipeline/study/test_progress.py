"""The rough time left, from finished nodes of the same kind."""

from pipeline.study.finished import FinishedNodes
from pipeline.study.progress import kind_of, rough_time, seconds_left


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
    assert seconds_left(durations, ["fine-tune-a-f20-s1", "pairs-m-s1"]) == 19.0


def test_a_training_of_a_kind_not_yet_seen_leaves_it_open():
    assert seconds_left({"fine-tune-a-f20-s0": 10.0}, ["fine-tune-a-f50-s0"]) is None


def test_time_in_words():
    assert (rough_time(290), rough_time(12_240)) == ("5 min", "3.4 h")


def test_finished_nodes_outlive_the_process_and_keep_their_seconds(tmp_path):
    FinishedNodes(tmp_path).add("fine-tune-a", 12.5, {"model": "/m"}, cached=False)
    again = FinishedNodes(tmp_path)
    again.add("fine-tune-a", 0.1, {"model": "/m"}, cached=True)
    assert FinishedNodes(tmp_path).nodes["fine-tune-a"].seconds == 12.5
