"""One step of fine-tuning, in each replica and as a compiled function; and prediction."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import tensorflow as tf

from trainer.augmentation import augment
from trainer.case_classifier import CaseClassifier
from trainer.case_dataset import CaseBatch, batch_signature
from trainer.case_records import to_unit_range
from trainer.classification_loss import ClassWeights, classification_loss
from trainer.distribution import Replicas, gather_rows, replica_index, sum_over_replicas
from trainer.settings import FineTuneSettings
from trainer.updates import Updates


class FineTuneMeasures(NamedTuple):
    """What a step says of itself; float32 scalars of the global batch.

    Attributes:
        loss: Mean cross entropy.
        gradient_norm: Of the whole gradient.
    """

    loss: tf.Tensor
    gradient_norm: tf.Tensor


Step = Callable[[CaseBatch, tf.Tensor], FineTuneMeasures]


@dataclass(frozen=True)
class ReplicaStep:
    """A step as one replica does it, on its part of the global batch.

    Attributes:
        classifier: Whose weights are updated.
        updates: Gives the gradients to the optimizer.
        settings: Augmentation and label smoothing.
        factors: On the loss of each class.
        seed: Of the augmentation, with the step.
    """

    classifier: CaseClassifier
    updates: Updates
    settings: FineTuneSettings
    factors: ClassWeights
    seed: int

    def __call__(self, batch: CaseBatch, step: tf.Tensor) -> FineTuneMeasures:
        """Updates the weights once.

        Args:
            batch: This replica's cases.
            step: int64 scalar, counted from 0.
        """
        images = self._views(batch.images, step)
        with tf.GradientTape() as tape:
            logits = self.classifier(
                images, batch.case_index, tf.shape(batch.targets)[0], training=True
            )
            loss = classification_loss(
                logits,
                batch.targets,
                batch.weights,
                task=self.classifier.task,
                factors=self.factors,
                label_smoothing=self.settings.label_smoothing,
            )
            scaled_loss = self.updates.scaled(loss)
        weights = [weight.value for weight in self.classifier.trainable_variables]
        norm = self.updates.apply(tape.gradient(scaled_loss, weights))
        return FineTuneMeasures(sum_over_replicas(loss), norm)

    def _views(self, images: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
        """Draws each view as one device would that holds the whole batch."""
        own = tf.shape(images)[0]
        counts = tf.cast(gather_rows(tf.cast(own[tf.newaxis], tf.float32)), tf.int32)
        before = tf.reduce_sum(counts[: replica_index()])
        return augment(
            to_unit_range(images),
            self.settings.augmentation,
            tf.stack([tf.constant(self.seed, tf.int64), step]),
            rows=before + tf.range(own),
            row_count=tf.reduce_sum(counts),
        )


def compiled(replica_step: ReplicaStep, replicas: Replicas, batch_spec: Any) -> Step:
    """Returns the step of all replicas.

    Args:
        replica_step: What each does.
        replicas: All of them.
        batch_spec: `element_spec` of the batches. Open in the numbers of images and cases, it is
            traced once: a graph traced for one size and another may differ in the last bit.
    """

    @tf.function(input_signature=[batch_spec, tf.TensorSpec([], tf.int64)], autograph=False)
    def step(batch: CaseBatch, number: tf.Tensor) -> FineTuneMeasures:
        return replicas.run(replica_step, batch, number)

    return step


def prediction(classifier: CaseClassifier) -> Callable[[CaseBatch], tf.Tensor]:
    """Returns a compiled function from cases to logits, on one device."""
    signature = batch_signature(classifier.encoder.input_shape[1], classifier.head.units)

    @tf.function(input_signature=[signature], autograph=False)
    def predict(batch: CaseBatch) -> tf.Tensor:
        images = to_unit_range(batch.images)
        return classifier(images, batch.case_index, tf.shape(batch.targets)[0], training=False)

    return predict
