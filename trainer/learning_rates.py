"""The learning-rate schedule of every training here."""

import math

import keras
import tensorflow as tf


class WarmupThenCosine(keras.optimizers.schedules.LearningRateSchedule):
    """Linear warm-up from 0, then cosine decay to 0 without restarts (SimCLR).

    Attributes:
        peak: Rate at the end of the warm-up.
        total_steps: Steps of the whole training; at this step the rate is 0.
        warmup_steps: Steps of the warm-up.
    """

    def __init__(self, peak: float, total_steps: int, warmup_steps: int) -> None:
        """Makes the schedule.

        Raises:
            ValueError: Unless 0 <= warmup_steps < total_steps.
        """
        if not 0 <= warmup_steps < total_steps:
            raise ValueError(
                "warmup_steps must be within 0..total_steps - 1. "
                f"Received: {warmup_steps} of {total_steps}"
            )
        self.peak = peak
        self.total_steps = total_steps
        self.warmup_steps = warmup_steps

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        """Returns the float32 rate of a step, counted from 0."""
        step = tf.cast(step, tf.float32)
        rising = step / max(self.warmup_steps, 1)
        share = (step - self.warmup_steps) / (self.total_steps - self.warmup_steps)
        falling = 0.5 * (1 + tf.cos(math.pi * tf.clip_by_value(share, 0.0, 1.0)))
        return self.peak * tf.where(step < self.warmup_steps, rising, falling)

    def get_config(self) -> dict[str, float]:
        """Returns what `__init__` takes."""
        return {
            "peak": self.peak,
            "total_steps": self.total_steps,
            "warmup_steps": self.warmup_steps,
        }


def schedule(peak: float, total_steps: int, warmup_fraction: float) -> WarmupThenCosine:
    """Makes the schedule of `total_steps` steps, a share of them with a warm-up."""
    return WarmupThenCosine(peak, total_steps, int(warmup_fraction * total_steps))
