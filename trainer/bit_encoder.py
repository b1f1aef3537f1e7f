"""The pre-activation ResNet of BiT (Kolesnikov et al. 2020), which REMEDIS goes on from.

Group normalisation (Wu & He 2018) and weight-standardised convolutions (Qiao et al. 2019) take
the place of batch normalisation. Layers are named as the published variables are.
"""

import keras

from trainer.convolution import StandardizedConvolution
from trainer.settings import Precision

_GROUPS = 32
_EPSILON = 1e-5


def build_bit_features(
    images: keras.KerasTensor,
    *,
    channels: int,
    block_counts: tuple[int, ...],
    seed: int,
    precision: Precision,
) -> keras.KerasTensor:
    """Adds the network up to its last feature map.

    Args:
        images: [n, side, side, 3], normalised.
        channels: Of the stem, a multiple of 32.
        block_counts: Units of each of the four blocks.
        seed: Of the initial weights.
        precision: Of the layers' computation.

    Returns:
        [n, side / 32, side / 32, 32 x channels], normalised and rectified.
    """
    layers = _Layers(seed, precision)
    features = layers.convolution(images, channels, 7, "root_block", stride=2)
    # Padded with zeros before pooling, which counts here: nothing has been rectified yet.
    features = keras.layers.ZeroPadding2D(1, dtype=precision)(features)
    features = keras.layers.MaxPooling2D(3, 2, dtype=precision)(features)
    for block, count in enumerate(block_counts, start=1):
        for unit in range(1, count + 1):
            features = layers.unit(
                features,
                channels * 2 ** (block - 1),
                f"block{block}/unit{unit:02d}",
                stride=2 if block > 1 and unit == 1 else 1,
            )
    return layers.normalized(features, "")


class _Layers:
    """Makes the layers of one network; each kernel draws on from the same seed."""

    def __init__(self, seed: int, precision: Precision) -> None:
        self._seeds = keras.random.SeedGenerator(seed)
        self._precision = precision

    def convolution(
        self, inputs: keras.KerasTensor, channels: int, size: int, scope: str, *, stride: int = 1
    ) -> keras.KerasTensor:
        """Weight-standardised convolution without bias; its padding depends on its size only."""
        padding = "same"
        if stride > 1 and size > 1:
            inputs = keras.layers.ZeroPadding2D((size - 1) // 2, dtype=self._precision)(inputs)
            padding = "valid"
        return StandardizedConvolution(
            channels,
            size,
            stride,
            padding=padding,
            use_bias=False,
            kernel_initializer=keras.initializers.VarianceScaling(seed=self._seeds),
            dtype=self._precision,
            name=_layer_name(scope, "standardized_conv2d"),
        )(inputs)

    def normalized(self, inputs: keras.KerasTensor, scope: str) -> keras.KerasTensor:
        """Group normalisation and ReLU."""
        outputs = keras.layers.GroupNormalization(
            _GROUPS,
            epsilon=_EPSILON,
            dtype=self._precision,
            name=_layer_name(scope, "group_norm"),
        )(inputs)
        return keras.layers.ReLU(dtype=self._precision)(outputs)

    def unit(
        self, inputs: keras.KerasTensor, channels: int, scope: str, *, stride: int
    ) -> keras.KerasTensor:
        """1x1, strided 3x3 and widening 1x1 convolutions, each after its normalisation."""
        wide = 4 * channels
        outputs = self.normalized(inputs, f"{scope}/a")
        shortcut = inputs
        if stride > 1 or inputs.shape[-1] != wide:
            shortcut = self.convolution(outputs, wide, 1, f"{scope}/a/proj", stride=stride)
        outputs = self.convolution(outputs, channels, 1, f"{scope}/a")
        outputs = self.normalized(outputs, f"{scope}/b")
        outputs = self.convolution(outputs, channels, 3, f"{scope}/b", stride=stride)
        outputs = self.normalized(outputs, f"{scope}/c")
        outputs = self.convolution(outputs, wide, 1, f"{scope}/c")
        return keras.layers.Add(dtype=self._precision)([outputs, shortcut])


def _layer_name(scope: str, kind: str) -> str:
    """Keras takes no slashes in names."""
    return f"{scope}/{kind}".strip("/").replace("/", ".")
