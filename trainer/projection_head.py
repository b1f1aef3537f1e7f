"""The projection head of contrastive pretraining."""

import keras

from trainer.encoders import BATCH_NORMALIZATION_EPSILON, BATCH_NORMALIZATION_MOMENTUM

_KERNEL_STANDARD_DEVIATION = 0.01


def build_projection_head(
    features: int, *, layers: int, projection_size: int, seed: int = 0
) -> keras.Model:
    """Builds SimCLR's head: dense layers without bias, batch normalisation and ReLU between.

    The last layer is batch-normalised without a shift and has no ReLU, as in SimCLR's code
    (`tf2/model.py`).

    Args:
        features: Length of the encoder's vector; also the width of the hidden layers.
        layers: Dense layers.
        projection_size: Length of the projected vector.
        seed: Of the initial weights.

    Returns:
        A model from float32 [n, features] to float32 [n, projection_size].
    """
    seeds = keras.random.SeedGenerator(seed)
    inputs = keras.Input((features,), name="features")
    outputs = inputs
    for _ in range(layers - 1):
        outputs = _dense(outputs, features, seeds, shift=True)
        outputs = keras.layers.ReLU()(outputs)
    outputs = _dense(outputs, projection_size, seeds, shift=False)
    return keras.Model(inputs, outputs, name="projection_head")


def _dense(
    inputs: keras.KerasTensor, size: int, seeds: keras.random.SeedGenerator, *, shift: bool
) -> keras.KerasTensor:
    outputs = keras.layers.Dense(
        size,
        use_bias=False,
        kernel_initializer=keras.initializers.RandomNormal(
            stddev=_KERNEL_STANDARD_DEVIATION, seed=seeds
        ),
    )(inputs)
    return keras.layers.BatchNormalization(
        center=shift,
        momentum=BATCH_NORMALIZATION_MOMENTUM,
        epsilon=BATCH_NORMALIZATION_EPSILON,
    )(outputs)
