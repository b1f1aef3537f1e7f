"""Weights of keras.applications' ResNets, supervised on ImageNet: the paper's baseline."""

import h5py
import keras

from trainer.errors import UserError
from trainer.keras_application_encoder import FIRST_CONVOLUTION, build_application
from trainer.settings import Architecture, EncoderSettings

ARCHITECTURES: tuple[Architecture, ...] = ("keras_resnet50", "keras_resnet152")
DOWNLOAD = "imagenet"
"""Instead of a file: Keras' own download."""


def load_application_weights(encoder: keras.Model, source: str, settings: EncoderSettings) -> None:
    """Gives an encoder the weights of an application.

    Args:
        encoder: Of `build_encoder(settings)`.
        source: A `.keras` file or an `.h5` file of weights or of a whole model, with or without
            the classifier; or `imagenet`, which Keras downloads.
        settings: Of the encoder.

    Raises:
        UserError: The file cannot be read, or is not of this application.
    """
    application = _application(source, settings)
    for layer in encoder.layers:
        if not layer.weights:
            continue
        try:
            weights = application.get_layer(layer.name).get_weights()
            if layer.name == FIRST_CONVOLUTION:
                weights[0] = weights[0][:, :, ::-1]  # From blue, green, red.
            layer.set_weights(weights)
        except ValueError as error:
            raise UserError(
                f"{source}: layer {layer.name} is missing or of another shape. It is not "
                f"keras.applications' {settings.architecture.removeprefix('keras_')}; look at "
                "--architecture."
            ) from error


def _application(source: str, settings: EncoderSettings) -> keras.Model:
    try:
        if source == DOWNLOAD:
            return build_application(settings.architecture, weights=DOWNLOAD)
        if source.endswith(".keras") or _is_whole_model(source):
            return keras.saving.load_model(source, compile=False)
    except Exception as error:  # Keras, HDF5 and the network raise many kinds.
        raise UserError(
            f"{source}: cannot be read ({' '.join(str(error).split())[:200]}). Give a .keras or "
            ".h5 file, or imagenet where the network allows."
        ) from error
    return _with_weights_of_file(source, settings)


def _is_whole_model(source: str) -> bool:
    with h5py.File(source) as file:
        return "model_config" in file.attrs


def _with_weights_of_file(source: str, settings: EncoderSettings) -> keras.Model:
    """Loads a file of weights, which may hold those of the classifier."""
    for classifier in (False, True):
        model = build_application(settings.architecture, classifier=classifier)
        try:
            model.load_weights(source)
        except ValueError:
            continue
        return model
    raise UserError(
        f"{source}: not the weights of keras.applications' "
        f"{settings.architecture.removeprefix('keras_')}; look at --architecture."
    )
