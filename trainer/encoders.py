"""ResNet encoders: images to feature vectors.

The published post-activation network (He et al. 2016) with the details of SimCLR's code: stride
on the 3x3 convolution, fixed padding before strided convolutions, zero-initialised last scale of
each block, and a width multiplier on every layer's channels.
"""

from collections.abc import Callable

import keras

from trainer.convolution import Convolution
from trainer.settings import Architecture, EncoderSettings, Precision

BATCH_NORMALIZATION_MOMENTUM = 0.9
BATCH_NORMALIZATION_EPSILON = 1e-5

_BASIC_BLOCKS: dict[Architecture, tuple[int, ...]] = {
    "resnet18": (2, 2, 2, 2),
    "resnet34": (3, 4, 6, 3),
}
_BOTTLENECK_BLOCKS: dict[Architecture, tuple[int, ...]] = {
    "resnet50": (3, 4, 6, 3),
    "resnet152": (3, 8, 36, 3),
}
_BOTTLENECK_EXPANSION = 4
_STEM_CHANNELS = 64


def build_encoder(
    settings: EncoderSettings,
    *,
    seed: int = 0,
    precision: Precision = "float32",
    synchronized: bool = False,
) -> keras.Model:
    """Builds a ResNet without classifier.

    Args:
        settings: Architecture, width, stem and input size.
        seed: Of the initial weights.
        precision: Of the layers' computation; variables and features are float32 in any case.
        synchronized: Whether batch normalisation takes its statistics over the batches of all
            replicas of the distribution strategy.

    Returns:
        A model from float32 [n, image_size, image_size, 3], normalised pixels, to float32
        [n, features]: 512 x width for basic blocks, 2048 x width for bottlenecks.
    """
    layers = _Layers(seed, precision, synchronized)
    channels = round(_STEM_CHANNELS * settings.width_multiplier)
    images = keras.Input((settings.image_size, settings.image_size, 3), name="images")
    features = _stem(layers, images, channels, settings)
    block, block_counts = _blocks(layers, settings.architecture)
    for group, count in enumerate(block_counts):
        for index in range(count):
            stride = 2 if group > 0 and index == 0 else 1
            features = block(features, channels * 2**group, stride)
    features = keras.layers.GlobalAveragePooling2D(name="features", dtype="float32")(features)
    return keras.Model(images, features, name=settings.architecture)


def feature_count(architecture: Architecture, width_multiplier: float) -> int:
    """Returns the length of an encoder's vector, without building it."""
    expansion = 1 if architecture in _BASIC_BLOCKS else _BOTTLENECK_EXPANSION
    return round(_STEM_CHANNELS * width_multiplier) * 8 * expansion


def _blocks(
    layers: "_Layers", architecture: Architecture
) -> tuple[Callable[[keras.KerasTensor, int, int], keras.KerasTensor], tuple[int, ...]]:
    if architecture in _BASIC_BLOCKS:
        return layers.basic_block, _BASIC_BLOCKS[architecture]
    return layers.bottleneck_block, _BOTTLENECK_BLOCKS[architecture]


def _stem(
    layers: "_Layers", images: keras.KerasTensor, channels: int, settings: EncoderSettings
) -> keras.KerasTensor:
    if settings.stem == "small_image":
        return layers.convolution(images, channels, 3, activation=True)
    features = layers.convolution(images, channels, 7, stride=2, activation=True)
    return layers.pooling(features)


class _Layers:
    """Makes the layers of one encoder; each kernel draws on from the same seed."""

    def __init__(self, seed: int, precision: Precision, synchronized: bool) -> None:
        self._seeds = keras.random.SeedGenerator(seed)
        self._precision, self._synchronized = precision, synchronized

    def convolution(
        self,
        inputs: keras.KerasTensor,
        channels: int,
        size: int,
        *,
        stride: int = 1,
        activation: bool = False,
        scale_initializer: str = "ones",
    ) -> keras.KerasTensor:
        """Convolution without bias, then batch normalisation, then perhaps ReLU."""
        padding = "same"
        if stride > 1 and size > 1:
            inputs = keras.layers.ZeroPadding2D((size - 1) // 2, dtype=self._precision)(inputs)
            padding = "valid"
        outputs = Convolution(
            channels,
            size,
            stride,
            padding=padding,
            use_bias=False,
            kernel_initializer=keras.initializers.VarianceScaling(seed=self._seeds),
            dtype=self._precision,
        )(inputs)
        outputs = keras.layers.BatchNormalization(
            momentum=BATCH_NORMALIZATION_MOMENTUM,
            epsilon=BATCH_NORMALIZATION_EPSILON,
            gamma_initializer=scale_initializer,
            synchronized=self._synchronized,
            dtype=self._precision,
        )(outputs)
        return keras.layers.ReLU(dtype=self._precision)(outputs) if activation else outputs

    def pooling(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        """Maximum over 3x3 pixels, every second one."""
        return keras.layers.MaxPooling2D(3, 2, padding="same", dtype=self._precision)(inputs)

    def basic_block(
        self, inputs: keras.KerasTensor, channels: int, stride: int
    ) -> keras.KerasTensor:
        """Two 3x3 convolutions around a shortcut."""
        outputs = self.convolution(inputs, channels, 3, stride=stride, activation=True)
        outputs = self.convolution(outputs, channels, 3, scale_initializer="zeros")
        return self._add(outputs, self._shortcut(inputs, channels, stride))

    def bottleneck_block(
        self, inputs: keras.KerasTensor, channels: int, stride: int
    ) -> keras.KerasTensor:
        """1x1, strided 3x3 and widening 1x1 convolutions around a shortcut."""
        wide = channels * _BOTTLENECK_EXPANSION
        outputs = self.convolution(inputs, channels, 1, activation=True)
        outputs = self.convolution(outputs, channels, 3, stride=stride, activation=True)
        outputs = self.convolution(outputs, wide, 1, scale_initializer="zeros")
        return self._add(outputs, self._shortcut(inputs, wide, stride))

    def _shortcut(self, inputs: keras.KerasTensor, channels: int, stride: int) -> keras.KerasTensor:
        if stride == 1 and inputs.shape[-1] == channels:
            return inputs
        return self.convolution(inputs, channels, 1, stride=stride)

    def _add(self, outputs: keras.KerasTensor, shortcut: keras.KerasTensor) -> keras.KerasTensor:
        total = keras.layers.Add(dtype=self._precision)([outputs, shortcut])
        return keras.layers.ReLU(dtype=self._precision)(total)
