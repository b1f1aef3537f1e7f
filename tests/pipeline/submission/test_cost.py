"""What a run costs."""

import pytest

from pipeline.submission.cost import estimate_cost

POOLS = {"pretrain-1": "gpu", "fine-tune": "gpu", "report": "cpu", "predict": "tpu"}


def test_hours_of_a_pools_steps_times_its_price():
    seconds = {"pretrain-1": 3600.0, "fine-tune": 1800.0, "report": 900.0}
    estimate = estimate_cost(seconds, POOLS.__getitem__, {"gpu": 4.0, "cpu": 0.2, "tpu": 9.0})
    assert estimate.pools["gpu"].hours == 1.5
    assert estimate.pools["gpu"].cost == 6.0
    assert estimate.total == pytest.approx(6.05)
    assert estimate.unpriced == ()
    assert estimate.line() == "6.05 (cpu 0.25 h x 0.20, gpu 1.50 h x 4.00)"


def test_a_pool_without_a_price_is_named_and_not_free():
    estimate = estimate_cost({"predict": 60.0, "report": 3600.0}, POOLS.__getitem__, {"cpu": 0.5})
    assert estimate.total == 0.5
    assert estimate.line() == "0.50 (cpu 1.00 h x 0.50); without a price_per_hour: tpu"


def test_no_pool_has_a_price():
    line = estimate_cost({"report": 3600.0}, POOLS.__getitem__, {"cpu": None}).line()
    assert line == "0.00 (no pool has a price); without a price_per_hour: cpu"


def test_nothing_ran_yet():
    assert estimate_cost({}, POOLS.__getitem__, {}).line() == "0.00 (no step has run)"
