"""ResNet encoders: images to feature vectors.

The published post-activation network (He et al. 2016) with the details of SimCLR's code: stride
on the 3x3 convolution, fixed padding before strided convolutions, zero-initialised last scale of
each block, and a width multiplier on every layer's channels. Selective kernels are left out. The
networks of other published weights are in files of their own.
"""

import keras

from trainer.batch_normalization import BatchNormalization
from trainer.bit_encoder import build_bit_features
from trainer.convolution import Convolution
from trainer.keras_application_encoder import build_application_features
from trainer.settings import Architecture, EncoderSettings, Precision
from trainer.synchronized_batch_normalization import SynchronizedBatchNormalization

BATCH_NORMALIZATION_MOMENTUM = 0.9
BATCH_NORMALIZATION_EPSILON = 1e-5

_BLOCK_COUNTS = {
    "resnet18": (2, 2, 2, 2),
    "resnet34": (3, 4, 6, 3),
    "resnet50": (3, 4, 6, 3),
    "resnet152": (3, 8, 36, 3),
}
_BASIC_BLOCK_ARCHITECTURES = ("resnet18", "resnet34")
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
    images = keras.Input((settings.image_size, settings.image_size, 3), name="images")
    architecture = settings.architecture
    channels = round(_STEM_CHANNELS * settings.width_multiplier)
    if architecture.startswith("keras_"):
        features = build_application_features(
            images,
            architecture=architecture,
            seed=seed,
            precision=precision,
            synchronized=synchronized,
        )
    elif architecture.startswith("bit_"):
        features = build_bit_features(
            images,
            channels=channels,
            block_counts=block_counts(architecture),
            seed=seed,
            precision=precision,
        )
    else:
        layers = _Layers(seed, precision, synchronized)
        features = _post_activation_features(layers, images, channels, settings)
    features = keras.layers.GlobalAveragePooling2D(name="features", dtype="float32")(features)
    return keras.Model(images, features, name=architecture)


def block_counts(architecture: Architecture) -> tuple[int, ...]:
    """Returns the number of blocks in each of the four groups."""
    return _BLOCK_COUNTS[architecture.rpartition("_")[2]]


def feature_count(architecture: Architecture, width_multiplier: float) -> int:
    """Returns the length of an encoder's vector, without building it."""
    expansion = 1 if architecture in _BASIC_BLOCK_ARCHITECTURES else _BOTTLENECK_EXPANSION
    return round(_STEM_CHANNELS * width_multiplier) * 8 * expansion


def batch_normalization(synchronized: bool) -> type[keras.layers.BatchNormalization]:
    """Returns the class of the batch normalisation, over one replica's batch or over all."""
    return SynchronizedBatchNormalization if synchronized else BatchNormalization


def _post_activation_features(
    layers: "_Layers", images: keras.KerasTensor, channels: int, settings: EncoderSettings
) -> keras.KerasTensor:
    basic = settings.architecture in _BASIC_BLOCK_ARCHITECTURES
    block = layers.basic_block if basic else layers.bottleneck_block
    features = _stem(layers, images, channels, settings)
    for group, count in enumerate(block_counts(settings.architecture)):
        for index in range(count):
            stride = 2 if group > 0 and index == 0 else 1
            scope = f"group{group + 1}.block{index + 1}"
            features = block(features, channels * 2**group, scope, stride=stride)
    return features


def _stem(
    layers: "_Layers", images: keras.KerasTensor, channels: int, settings: EncoderSettings
) -> keras.KerasTensor:
    if settings.stem == "small_image":
        return layers.convolution(images, channels, 3, "stem", activation=True)
    features = layers.convolution(images, channels, 7, "stem", stride=2, activation=True)
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
        scope: str,
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
            name=f"{scope}.convolution",
        )(inputs)
        outputs = batch_normalization(self._synchronized)(
            momentum=BATCH_NORMALIZATION_MOMENTUM,
            epsilon=BATCH_NORMALIZATION_EPSILON,
            gamma_initializer=scale_initializer,
            dtype=self._precision,
            name=f"{scope}.normalization",
        )(outputs)
        return keras.layers.ReLU(dtype=self._precision)(outputs) if activation else outputs

    def pooling(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        """Maximum over 3x3 pixels, every second one."""
        return keras.layers.MaxPooling2D(3, 2, padding="same", dtype=self._precision)(inputs)

    def basic_block(
        self, inputs: keras.KerasTensor, channels: int, scope: str, *, stride: int
    ) -> keras.KerasTensor:
        """Two 3x3 convolutions around a shortcut."""
        outputs = self.convolution(
            inputs, channels, 3, f"{scope}.first", stride=stride, activation=True
        )
        outputs = self.convolution(
            outputs, channels, 3, f"{scope}.second", scale_initializer="zeros"
        )
        return self._add(outputs, self._shortcut(inputs, channels, scope, stride))

    def bottleneck_block(
        self, inputs: keras.KerasTensor, channels: int, scope: str, *, stride: int
    ) -> keras.KerasTensor:
        """1x1, strided 3x3 and widening 1x1 convolutions around a shortcut."""
        wide = channels * _BOTTLENECK_EXPANSION
        outputs = self.convolution(inputs, channels, 1, f"{scope}.first", activation=True)
        outputs = self.convolution(
            outputs, channels, 3, f"{scope}.second", stride=stride, activation=True
        )
        outputs = self.convolution(outputs, wide, 1, f"{scope}.third", scale_initializer="zeros")
        return self._add(outputs, self._shortcut(inputs, wide, scope, stride))

    def _shortcut(
        self, inputs: keras.KerasTensor, channels: int, scope: str, stride: int
    ) -> keras.KerasTensor:
        if stride == 1 and inputs.shape[-1] == channels:
            return inputs
        return self.convolution(inputs, channels, 1, f"{scope}.shortcut", stride=stride)

    def _add(self, outputs: keras.KerasTensor, shortcut: keras.KerasTensor) -> keras.KerasTensor:
        total = keras.layers.Add(dtype=self._precision)([outputs, shortcut])
        return keras.layers.ReLU(dtype=self._precision)(total)
