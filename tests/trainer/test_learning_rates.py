import math

import pytest

from trainer.learning_rates import WarmupThenCosine, schedule
from trainer.optimizers import contrastive_optimizer
from trainer.settings import ContrastiveSettings


def test_the_rate_rises_linearly_from_zero_then_falls_as_a_cosine_to_zero():
    rate = WarmupThenCosine(0.8, total_steps=10, warmup_steps=4)
    assert [float(rate(step)) for step in range(5)] == pytest.approx([0, 0.2, 0.4, 0.6, 0.8])
    for step in range(4, 11):
        share = (step - 4) / 6
        assert float(rate(step)) == pytest.approx(0.4 * (1 + math.cos(math.pi * share)), abs=1e-6)


def test_without_warm_up_the_first_step_has_the_peak_rate():
    assert float(schedule(0.3, total_steps=5, warmup_fraction=0)(0)) == pytest.approx(0.3)


def test_a_single_step_needs_no_warm_up():
    assert float(schedule(0.3, total_steps=1, warmup_fraction=0.5)(0)) == pytest.approx(0.3)


def test_only_the_rate_of_lars_is_scaled_by_the_batch():
    def peak(name):
        settings = ContrastiveSettings(optimizer=name, learning_rate=0.2, warmup_fraction=0)
        optimizer = contrastive_optimizer(settings, batch_size=512, total_steps=10)
        return float(optimizer.learning_rate)

    assert peak("lars") == pytest.approx(0.4)
    assert peak("adamw") == pytest.approx(0.2)


def test_the_rate_of_lars_may_grow_with_the_square_root_of_the_batch():
    settings = ContrastiveSettings(
        optimizer="lars", learning_rate=0.075, learning_rate_scaling="sqrt", warmup_fraction=0
    )
    optimizer = contrastive_optimizer(settings, batch_size=4096, total_steps=10)
    # SimCLR's README gives 0.075 with sqrt as the equal of 0.3 with linear scaling at 4096.
    assert float(optimizer.learning_rate) == pytest.approx(0.3 * 4096 / 256)
