import logging

import pytest

from trainer.progress_meter import ProgressMeter


class Clock:
    seconds = 0.0

    def __call__(self):
        return self.seconds


@pytest.fixture
def reports(caplog):
    caplog.set_level(logging.INFO, logger="micle.progress")
    return lambda: [record.progress for record in caplog.records]


def test_a_fast_loop_reports_twice_a_second_at_most(reports):
    clock = Clock()
    meter = ProgressMeter("training", "pairs", total=100, clock=clock)
    for done in range(1, 101):
        clock.seconds += 0.01
        meter.update(done, {})
    assert [progress.done for progress in reports()] == [50, 100]


def test_the_rate_is_of_this_run_and_leaves_out_what_an_earlier_one_did(reports):
    clock = Clock()
    meter = ProgressMeter("training", "pairs", total=1000, done=900, clock=clock)
    clock.seconds = 2.0
    meter.update(920, {"loss": 1.5})
    (progress,) = reports()
    assert progress.rate == pytest.approx(10)
    assert progress.seconds_left == pytest.approx(8)
    assert progress.metrics == {"loss": 1.5}


def test_the_end_is_always_reported_and_complete_even_after_an_early_stop(reports):
    clock = Clock()
    meter = ProgressMeter("fine-tuning", "cases", total=100, clock=clock)
    clock.seconds = 0.1
    meter.finish(40, {})
    (progress,) = reports()
    assert (progress.done, progress.total) == (40, 40)
