"""The optimizers that the settings name."""

import math

import keras

from trainer.lars import LARS, UNREGULARISED
from trainer.learning_rates import schedule
from trainer.replica_updates import ReplicaUpdates
from trainer.settings import ContrastiveSettings, FineTuneSettings, LearningRateScaling
from trainer.sgd import NesterovSGD

_REFERENCE_BATCH = 256


class _AdamW(ReplicaUpdates, keras.optimizers.AdamW):
    """Keras' AdamW (Loshchilov & Hutter 2019)."""


def contrastive_optimizer(
    settings: ContrastiveSettings, *, batch_size: int, total_steps: int
) -> keras.optimizers.Optimizer:
    """Makes the optimizer of pretraining.

    Args:
        settings: Which optimizer, its rate and its weight decay.
        batch_size: Pairs per update, which the rate of `lars` is scaled by.
        total_steps: Of the schedule.

    Returns:
        The optimizer, not built yet.
    """
    if settings.optimizer == "lars":
        peak = settings.learning_rate * _batch_factor(settings.learning_rate_scaling, batch_size)
        rate = schedule(peak, total_steps, settings.warmup_fraction)
        return LARS(rate, weight_decay=settings.weight_decay)
    rate = schedule(settings.learning_rate, total_steps, settings.warmup_fraction)
    return _adamw(rate, settings.weight_decay)


def _batch_factor(scaling: LearningRateScaling, batch_size: int) -> float:
    """Returns SimCLR's factor on the rate (appendix B.1, `get_lr` of its code)."""
    if scaling == "linear":
        return batch_size / _REFERENCE_BATCH
    return math.sqrt(batch_size)


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
    # Named, because newer releases of Keras make a bad name of a private class's.
    optimizer = _AdamW(rate, weight_decay=weight_decay, name="adamw")
    optimizer.exclude_from_weight_decay(var_names=list(UNREGULARISED))
    return optimizer
