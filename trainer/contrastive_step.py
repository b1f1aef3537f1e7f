"""One step of contrastive pretraining, in each replica and as a compiled function."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import keras
import tensorflow as tf

from trainer.augmentation import augment
from trainer.case_records import PixelStatistics, to_unit_range
from trainer.contrastive_loss import nt_xent
from trainer.distribution import Replicas, replica_count, replica_index, sum_over_replicas
from trainer.settings import ContrastiveSettings
from trainer.updates import Updates


class StepMeasures(NamedTuple):
    """What a step says of itself; float32 scalars of the global batch.

    Attributes:
        loss: NT-Xent, mean over the views.
        accuracy: Share of views closest to their partner.
        entropy: Mean entropy, in nats, of a view's choice.
        gradient_norm: Of the update's whole gradient; 0 where the step makes no update.
        learning_rate: Of the update that the step belongs to.
    """

    loss: tf.Tensor
    accuracy: tf.Tensor
    entropy: tf.Tensor
    gradient_norm: tf.Tensor
    learning_rate: tf.Tensor


Step = Callable[[tf.Tensor, tf.Tensor, tf.Tensor], StepMeasures]


@dataclass(frozen=True)
class ReplicaStep:
    """A step as one replica does it, on its part of the global batch.

    Attributes:
        model: Encoder and projection head, from normalised images to projections.
        optimizer: Of its weights.
        updates: Gives it the gradients.
        statistics: What images are normalised by.
        settings: Temperature and augmentation.
        masks_patients: Whether pairs of one patient are no negatives of each other.
        seed: Of the augmentation, with the step.
    """

    model: keras.Model
    optimizer: keras.optimizers.Optimizer
    updates: Updates
    statistics: PixelStatistics
    settings: ContrastiveSettings
    masks_patients: bool
    seed: int

    def __call__(
        self, images: tf.Tensor, patients: tf.Tensor, step: tf.Tensor, *, is_update: bool
    ) -> StepMeasures:
        """Takes the gradients of one batch; updates the weights or adds to what will.

        Args:
            images: uint8 [n, 2, side, side, 3], this replica's pairs.
            patients: int64 [n].
            step: int64 scalar, counted from 0 over all batches.
            is_update: Whether this batch is the last of its update.

        Returns:
            The measures of the global batch.
        """
        learning_rate = tf.cast(self.optimizer.learning_rate, tf.float32)
        views = self._views(images, step)
        with tf.GradientTape() as tape:
            measures = nt_xent(
                self.model(views, training=True),
                temperature=self.settings.temperature,
                group_ids=patients if self.masks_patients else None,
            )
            scaled_loss = self.updates.scaled(measures.loss)
        weights = [weight.value for weight in self.model.trainable_variables]
        gradients = tape.gradient(scaled_loss, weights)
        if is_update:
            norm = self.updates.apply(gradients)
        else:
            self.updates.add(gradients)
            norm = tf.constant(0.0)
        loss, accuracy, entropy = tf.unstack(sum_over_replicas(tf.stack(measures)))
        return StepMeasures(loss, accuracy, entropy, norm, learning_rate)

    def _views(self, images: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
        """Returns both views of each image, float32 [2n, side, side, 3], normalised."""
        pairs = images.shape[0]
        all_pairs = pairs * replica_count()
        first = tf.range(pairs) + (pairs * replica_index() if replica_count() > 1 else 0)
        views = augment(
            to_unit_range(tf.concat([images[:, 0], images[:, 1]], axis=0)),
            self.settings.augmentation,
            tf.stack([tf.constant(self.seed, tf.int64), step]),
            rows=tf.concat([first, first + all_pairs], axis=0),
            row_count=2 * all_pairs,
            compiled=True,
        )
        return (views - self.statistics.mean) / self.statistics.std


def compiled(replica_step: ReplicaStep, replicas: Replicas, *, is_update: bool) -> Step:
    """Returns the step of all replicas; no XLA, which is many times slower on CPUs."""

    @tf.function(autograph=False)  # Nothing to convert, and converting doubles the tracing.
    def step(images: tf.Tensor, patients: tf.Tensor, number: tf.Tensor) -> StepMeasures:
        def in_replica(images: tf.Tensor, patients: tf.Tensor, number: tf.Tensor) -> StepMeasures:
            return replica_step(images, patients, number, is_update=is_update)

        return replicas.run(in_replica, images, patients, number)

    return step
