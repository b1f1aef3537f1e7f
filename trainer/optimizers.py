"""The optimizers that the settings name."""

import keras

from trainer.lars import LARS, UNREGULARISED
from trainer.learning_rates import schedule
from trainer.settings import ContrastiveSettings, FineTuneSettings
from trainer.sgd import NesterovSGD

_LARS_REFERENCE_BATCH = 256


def contrastive_optimizer(
    settings: ContrastiveSettings, *, batch_size: int, total_steps: int
) -> keras.optimizers.Optimizer:
    """Makes the optimizer of pretraining.

    Args:
        settings: Which optimizer, its rate and its weight decay.
        batch_size: Pairs per step; the rate of `lars` is per 256 pairs (linear scaling).
        total_steps: Of the schedule.

    Returns:
        The optimizer, not built yet.
    """
    peak = settings.learning_rate
    if settings.optimizer == "lars":
        peak *= batch_size / _LARS_REFERENCE_BATCH
        rate = schedule(peak, total_steps, settings.warmup_fraction)
        return LARS(rate, weight_decay=settings.weight_decay)
    return _adamw(schedule(peak, total_steps, settings.warmup_fraction), settings.weight_decay)


def fine_tune_optimizer(
    settings: FineTuneSettings, *, total_steps: int
) -> keras.optimizers.Optimizer:
    """Makes the optimizer of fine-tuning, not built yet.

    `adamw` decays the weights beside the gradient (decoupled), `sgd` through it, as the paper's
    code does: the same `weight_decay` does not mean the same in both.
    """
    rate = schedule(settings.learning_rate, total_steps, settings.warmup_fraction)
    if settings.optimizer == "adamw":
        return _adamw(rate, settings.weight_decay)
    return NesterovSGD(rate, weight_decay=settings.weight_decay)


def _adamw(
    rate: keras.optimizers.schedules.LearningRateSchedule, weight_decay: float
) -> keras.optimizers.Optimizer:
    optimizer = keras.optimizers.AdamW(rate, weight_decay=weight_decay)
    optimizer.exclude_from_weight_decay(var_names=list(UNREGULARISED))
    return optimizer
