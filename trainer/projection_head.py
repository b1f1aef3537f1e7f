"""The projection head of contrastive pretraining."""

import keras

from trainer.encoders import (
    BATCH_NORMALIZATION_EPSILON,
    BATCH_NORMALIZATION_MOMENTUM,
    batch_normalization,
)
from trainer.settings import Precision

_KERNEL_STANDARD_DEVIATION = 0.01


def build_projection_head(
    features: int,
    *,
    layers: int,
    projection_size: int,
    seed: int = 0,
    precision: Precision = "float32",
    synchronized: bool = False,
) -> keras.Model:
    """Builds SimCLR's head: dense layers without bias, batch normalisation and ReLU between.

    The last layer is batch-normalised without a shift and has no ReLU, as in SimCLR's code
    (`tf2/model.py`).

    Args:
        features: Length of the encoder's vector; also the width of the hidden layers.
        layers: Dense layers.
        projection_size: Length of the projected vector.
        seed: Of the initial weights.
        precision: Of the hidden layers' computation; variables and projections are float32.
        synchronized: Whether batch normalisation takes its statistics over the batches of all
            replicas of the distribution strategy.

    Returns:
        A model from float32 [n, features] to float32 [n, projection_size].
    """
    dense = _Dense(seed, synchronized)
    inputs = keras.Input((features,), name="features")
    outputs = inputs
    for number in range(1, layers):
        outputs = dense(outputs, features, f"layer{number}", shift=True, precision=precision)
        outputs = keras.layers.ReLU(dtype=precision)(outputs)
    outputs = dense(outputs, projection_size, f"layer{layers}", shift=False, precision="float32")
    return keras.Model(inputs, outputs, name="projection_head")


class _Dense:
    """Makes the layers of one head; each kernel draws on from the same seed."""

    def __init__(self, seed: int, synchronized: bool) -> None:
        self._seeds = keras.random.SeedGenerator(seed)
        self._synchronized = synchronized

    def __call__(
        self,
        inputs: keras.KerasTensor,
        size: int,
        scope: str,
        *,
        shift: bool,
        precision: Precision,
    ) -> keras.KerasTensor:
        outputs = keras.layers.Dense(
            size,
            use_bias=False,
            kernel_initializer=keras.initializers.RandomNormal(
                stddev=_KERNEL_STANDARD_DEVIATION, seed=self._seeds
            ),
            dtype=precision,
            name=f"{scope}.dense",
        )(inputs)
        return batch_normalization(self._synchronized)(
            center=shift,
            momentum=BATCH_NORMALIZATION_MOMENTUM,
            epsilon=BATCH_NORMALIZATION_EPSILON,
            dtype=precision,
            name=f"{scope}.normalization",
        )(outputs)
