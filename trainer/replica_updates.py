"""Optimizers that update one replica's copy of the weights."""

from collections.abc import Sequence

import keras
import tensorflow as tf


class ReplicaUpdates:
    """Mixin before a Keras optimizer: each replica changes its own copy, by the same numbers.

    The gradients are summed over the replicas before they reach the optimizer, so that the copies
    stay equal. Keras would sum them itself and leave the replicas to update all copies from one
    place; that cannot be within a conditional, such as the one that skips an overflowed step.
    """

    def _backend_update_step(
        self,
        grads: Sequence[tf.Tensor],
        trainable_variables: Sequence[keras.Variable],
        learning_rate: tf.Tensor,
    ) -> None:
        for gradient, variable in zip(grads, trainable_variables, strict=True):
            self.update_step(gradient, variable, learning_rate)  # type: ignore[attr-defined]

    def _apply_weight_decay(self, variables: Sequence[keras.Variable]) -> None:
        decay = self.weight_decay  # type: ignore[attr-defined]
        if decay is None:
            return
        rate = self.learning_rate  # type: ignore[attr-defined]
        for variable in variables:
            if self._use_weight_decay(variable):  # type: ignore[attr-defined]
                variable.assign_sub(variable * decay * rate)
