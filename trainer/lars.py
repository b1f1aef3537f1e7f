"""LARS (You, Gitman, Ginsburg 2017) as SimCLR uses it."""

import keras
import tensorflow as tf

from trainer.replica_updates import ReplicaUpdates

UNREGULARISED = ("bias", "beta", "gamma")
"""Names of the variables without weight decay: biases and batch normalisation."""


class LARS(ReplicaUpdates, keras.optimizers.Optimizer):
    """Layer-wise adaptive rate scaling with momentum.

    For a weight `w` with gradient `g`, momentum `m` and rate `lr` (SimCLR `lars_optimizer.py`):

        g += weight_decay * w
        trust = trust_coefficient * |w| / |g|, or 1 where either norm is 0
        v = m * v + lr * trust * g
        w -= v

    The rate is inside the momentum buffer, unlike in many ports. Biases and batch normalisation
    get neither decay nor trust ratio.
    """

    def __init__(
        self,
        learning_rate: float | keras.optimizers.schedules.LearningRateSchedule,
        *,
        momentum: float = 0.9,
        weight_decay: float = 1e-6,
        trust_coefficient: float = 0.001,
    ) -> None:
        # Keras' own weight decay is decoupled from the gradient; that of LARS is part of it.
        super().__init__(learning_rate=learning_rate, name="lars")
        self.momentum = momentum
        self.gradient_weight_decay = weight_decay
        self.trust_coefficient = trust_coefficient

    def build(self, variables: list[keras.Variable]) -> None:
        """Makes a momentum buffer for each variable."""
        if self.built:
            return
        super().build(variables)
        self._regularised = [variable.name not in UNREGULARISED for variable in variables]
        self._momenta = self.add_optimizer_variables(variables, ["momentum"])[0]

    def update_step(
        self, gradient: tf.Tensor, variable: keras.Variable, learning_rate: tf.Tensor
    ) -> None:
        """Changes one variable by its gradient."""
        trust = tf.constant(1.0, gradient.dtype)
        index = self._get_variable_index(variable)
        if self._regularised[index]:
            value = tf.convert_to_tensor(variable)
            gradient = gradient + self.gradient_weight_decay * value
            trust = self._trust(value, gradient)
        momentum = self._momenta[index]
        velocity = self.momentum * momentum + tf.cast(learning_rate, trust.dtype) * trust * gradient
        momentum.assign(velocity)
        variable.assign_sub(velocity)

    def _trust(self, value: tf.Tensor, gradient: tf.Tensor) -> tf.Tensor:
        value_norm = tf.norm(value)
        gradient_norm = tf.norm(gradient)
        ratio = self.trust_coefficient * tf.math.divide_no_nan(value_norm, gradient_norm)
        return tf.where((value_norm > 0) & (gradient_norm > 0), ratio, 1.0)

    def get_config(self) -> dict[str, object]:
        """Returns what `__init__` takes."""
        return {
            "learning_rate": self._learning_rate,
            "momentum": self.momentum,
            "weight_decay": self.gradient_weight_decay,
            "trust_coefficient": self.trust_coefficient,
        }
