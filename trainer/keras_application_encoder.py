"""The ResNets of keras.applications, for their published ImageNet weights.

Another network than SimCLR's: the stride is on the first 1x1 convolution of a block, convolutions
have biases, and padding is its own. It sees blue, green, red minus their ImageNet means on the
scale 0..255. The same is had from red, green, blue in [0, 1] by `PIXEL_MEAN` and `PIXEL_STD`
with the input channels of the first kernel turned round, which an import does.
"""

from typing import Any

import keras

from trainer.settings import Precision

PIXEL_MEAN = (123.68 / 255, 116.779 / 255, 103.939 / 255)
"""Of red, green, blue: the `caffe` preprocessing of keras.applications."""
PIXEL_STD = (1 / 255, 1 / 255, 1 / 255)
FIRST_CONVOLUTION = "conv1_conv"

_BUILDERS = {
    "keras_resnet50": keras.applications.ResNet50,
    "keras_resnet152": keras.applications.ResNet152,
}


def build_application(
    architecture: str, *, weights: str | None = None, classifier: bool = False
) -> keras.Model:
    """Builds the application as Keras has it.

    Args:
        architecture: `keras_resnet50` or `keras_resnet152`.
        weights: `imagenet`, which Keras downloads, or None.
        classifier: Whether to build it too.

    Returns:
        From images of 224 pixels, Keras' preprocessing done.
    """
    return _BUILDERS[architecture](
        include_top=classifier, weights=weights, input_shape=(224, 224, 3)
    )


def build_application_features(
    images: keras.KerasTensor,
    *,
    architecture: str,
    seed: int,
    precision: Precision,
    synchronized: bool,
) -> keras.KerasTensor:
    """Adds the application's layers up to its last feature map.

    Args:
        images: [n, side, side, 3], normalised by `PIXEL_MEAN` and `PIXEL_STD`.
        architecture: `keras_resnet50` or `keras_resnet152`.
        seed: Of the initial weights.
        precision: Of the layers' computation.
        synchronized: Whether batch normalisation takes its statistics over all replicas.

    Returns:
        [n, side / 32, side / 32, 2048], rectified.
    """
    seeds = keras.random.SeedGenerator(seed)

    def copy(layer: keras.layers.Layer) -> keras.layers.Layer:
        changes: dict[str, Any] = {"dtype": precision}
        if isinstance(layer, keras.layers.Conv2D):
            changes["kernel_initializer"] = keras.initializers.GlorotUniform(seed=seeds)
        if isinstance(layer, keras.layers.BatchNormalization):
            changes["synchronized"] = synchronized
        return type(layer)(**{**layer.get_config(), **changes})

    original = _BUILDERS[architecture](
        include_top=False, weights=None, input_shape=images.shape[1:]
    )
    return keras.models.clone_model(original, input_tensors=images, clone_function=copy).output
