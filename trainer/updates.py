"""From the replicas' gradients to one update of the weights."""

from collections.abc import Sequence

import keras
import tensorflow as tf

from trainer.distribution import sum_over_replicas
from trainer.settings import Precision

_INITIAL_LOSS_SCALE = 2.0**15
_STEPS_BETWEEN_DOUBLINGS = 2000


class Updates:
    """Sums gradients over micro-batches and replicas, and gives them to the optimizer.

    In float16 the loss is scaled, so that small gradients are not rounded to 0; where a gradient
    then overflows, the update is left out and the scale halved (Micikevicius et al. 2018).

    Attributes:
        variables: What an update changes besides the weights: a checkpoint must hold them.
    """

    def __init__(
        self,
        model: keras.Model,
        optimizer: keras.optimizers.Optimizer,
        *,
        precision: Precision,
        accumulation_steps: int = 1,
        ema_momentum: float | None = None,
    ) -> None:
        """Makes the variables; call it within the replicas' scope.

        Args:
            model: Whose trainable variables are updated.
            optimizer: Built here.
            precision: Of the model's layers.
            accumulation_steps: Micro-batches of an update; its gradient is their mean.
            ema_momentum: Of the moving average of the model's weights; None for no average.
        """
        self._model, self._optimizer = model, optimizer
        self._weights: list[keras.Variable] = model.trainable_variables
        optimizer.build(self._weights)
        self._steps = accumulation_steps
        self._scaled = precision == "mixed_float16"
        self._scale = tf.Variable(_INITIAL_LOSS_SCALE if self._scaled else 1.0, trainable=False)
        self._steps_without_overflow = tf.Variable(0, trainable=False)
        # Empty between two updates, so that no checkpoint needs them.
        self._sums = [
            tf.Variable(tf.zeros(weight.shape), trainable=False)
            for weight in (self._weights if accumulation_steps > 1 else ())
        ]
        self._ema_momentum = ema_momentum
        self.averages = [
            tf.Variable(lambda variable=variable: tf.identity(variable.value), trainable=False)
            for variable in (model.variables if ema_momentum is not None else ())
        ]
        self.variables = [
            *optimizer.variables,
            self._scale,
            self._steps_without_overflow,
            *self.averages,
        ]

    def scaled(self, loss: tf.Tensor) -> tf.Tensor:
        """Returns the loss to take the gradients of."""
        return loss * self._scale / self._steps

    def add(self, gradients: Sequence[tf.Tensor]) -> None:
        """Takes this replica's gradients of a micro-batch that is not an update's last."""
        for total, gradient in zip(self._sums, gradients, strict=True):
            total.assign_add(gradient)

    def apply(self, gradients: Sequence[tf.Tensor]) -> tf.Tensor:
        """Updates this replica's weights; takes its gradients of an update's last micro-batch.

        Returns:
            A float32 scalar: the norm of the gradient of the whole update. It is not finite if
            the gradient is not; in float16 that is an error only once the scale is down at 1, and
            until then 0 is returned.
        """
        if self._sums:
            gradients = [
                total + gradient for total, gradient in zip(self._sums, gradients, strict=True)
            ]
            for total in self._sums:
                total.assign(tf.zeros_like(total))
        gradients = [gradient / self._scale for gradient in sum_over_replicas(list(gradients))]
        norm = tf.linalg.global_norm(gradients)
        if not self._scaled:
            self._update(gradients)
            return norm
        finite = tf.math.is_finite(norm)
        tf.cond(finite, lambda: self._update(gradients), lambda: None)
        may_be_halved = self._scale > 1.0
        self._rescale(finite)
        return tf.where(finite | ~may_be_halved, norm, 0.0)

    def _update(self, gradients: Sequence[tf.Tensor]) -> None:
        self._optimizer.apply(gradients, self._weights)
        if self._ema_momentum is None:
            return
        for average, variable in zip(self.averages, self._model.variables, strict=True):
            value = tf.cast(variable.value, average.dtype)
            average.assign(self._ema_momentum * average + (1 - self._ema_momentum) * value)

    def _rescale(self, finite: tf.Tensor) -> None:
        count = tf.where(finite, self._steps_without_overflow + 1, 0)
        doubled = count == _STEPS_BETWEEN_DOUBLINGS
        grown = tf.where(doubled, self._scale * 2.0, tf.identity(self._scale))
        self._scale.assign(tf.where(finite, grown, tf.maximum(self._scale / 2.0, 1.0)))
        self._steps_without_overflow.assign(tf.where(doubled, 0, count))
