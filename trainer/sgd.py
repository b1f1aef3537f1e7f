"""Stochastic gradient descent as the paper's code fine-tunes."""

import keras
import tensorflow as tf

from trainer.lars import UNREGULARISED
from trainer.replica_updates import ReplicaUpdates


class NesterovSGD(ReplicaUpdates, keras.optimizers.SGD):
    """SGD with Nesterov momentum and an L2 penalty.

    For a weight `w` with gradient `g`, momentum `m` and rate `lr`:

        g += weight_decay * w
        v = m * v - lr * g
        w += m * v - lr * g

    The decay is that of a penalty `weight_decay / 2 * |w|^2` in the loss (SimCLR `model.py`),
    where Keras' own `weight_decay` shrinks the weights beside the gradient and leaves the momentum
    alone. Biases and batch normalisation get none.
    """

    def __init__(
        self,
        learning_rate: float | keras.optimizers.schedules.LearningRateSchedule,
        *,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(learning_rate, momentum=momentum, nesterov=True, name="nesterov_sgd")
        self.gradient_weight_decay = weight_decay

    def build(self, variables: list[keras.Variable]) -> None:
        """Makes a momentum buffer for each variable."""
        if self.built:
            return
        super().build(variables)
        self._regularised = [variable.name not in UNREGULARISED for variable in variables]

    def update_step(
        self, gradient: tf.Tensor, variable: keras.Variable, learning_rate: tf.Tensor
    ) -> None:
        """Changes one variable by its gradient."""
        if self._regularised[self._get_variable_index(variable)]:
            gradient = gradient + self.gradient_weight_decay * tf.convert_to_tensor(variable)
        super().update_step(gradient, variable, learning_rate)

    def get_config(self) -> dict[str, object]:
        """Returns what `__init__` takes."""
        return {
            "learning_rate": self._learning_rate,
            "momentum": self.momentum,
            "weight_decay": self.gradient_weight_decay,
        }
