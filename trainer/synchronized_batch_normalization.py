"""Batch normalisation over the batches of all replicas."""

import keras
import tensorflow as tf

from trainer.distribution import sum_over_replicas


class SynchronizedBatchNormalization(keras.layers.BatchNormalization):
    """`keras.layers.BatchNormalization` whose statistics are those of the global batch.

    Keras' own synchronised statistics take three sums over the replicas, and a mean of squares
    less a squared mean, which cancels where a channel's mean is large. Here it is one sum, and
    channels are shifted by their moving mean first.
    """

    def _moments(self, inputs: tf.Tensor, mask: tf.Tensor | None) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns mean and variance [channels]; called by Keras, with float32 inputs."""
        if mask is not None:
            raise ValueError("Masks are not supported by synchronised batch normalisation.")
        axes = list(range(len(inputs.shape) - 1))
        shift = tf.stop_gradient(tf.convert_to_tensor(self.moving_mean))
        shifted = inputs - shift
        values_per_channel = tf.reduce_prod(tf.shape(inputs)[:-1])
        count, total, squares = sum_over_replicas(
            [
                tf.cast(values_per_channel, tf.float32),
                tf.reduce_sum(shifted, axis=axes),
                tf.reduce_sum(tf.square(shifted), axis=axes),
            ]
        )
        mean = tf.math.divide_no_nan(total, count)
        variance = tf.math.divide_no_nan(squares, count) - tf.square(mean)
        return mean + shift, tf.maximum(variance, 0.0)
