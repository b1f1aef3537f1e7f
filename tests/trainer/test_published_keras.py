"""Import of keras.applications' weights: the features must be the application's own."""

import h5py
import keras
import numpy as np
import pytest
from keras.src.legacy.saving import legacy_h5_format

from trainer.encoder_artifact import load_encoder
from trainer.encoder_card import lineage
from trainer.encoder_import import import_encoder
from trainer.errors import UserError
from trainer.settings import EncoderSettings

SETTINGS = EncoderSettings("keras_resnet50", 1, "imagenet", 32)


def run(source, output, settings=SETTINGS):
    return import_encoder(
        str(source), layout="keras", settings=settings, output=str(output), trained_on="ImageNet"
    )


@pytest.fixture(scope="module")
def application():
    """The application with random weights, batch normalisation included, and a classifier."""
    model = keras.applications.ResNet50(weights=None, classes=10)
    rng = np.random.default_rng(0)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            shape = layer.gamma.shape
            layer.set_weights(
                [
                    rng.uniform(0.5, 1.5, shape),
                    rng.normal(0, 0.1, shape),
                    rng.normal(0, 0.1, shape),
                    rng.uniform(0.5, 1.5, shape),
                ]
            )
    return model


@pytest.fixture(scope="module")
def features(application):
    """What the application says of some pixels after its own preprocessing."""
    pixels = np.random.default_rng(1).uniform(size=(2, 32, 32, 3)).astype(np.float32)
    small = keras.applications.ResNet50(
        weights=None, include_top=False, input_shape=(32, 32, 3), pooling="avg"
    )
    for layer in small.layers[1:-1]:
        layer.set_weights(application.get_layer(layer.name).get_weights())
    prepared = keras.applications.resnet.preprocess_input(255 * pixels)
    return pixels, small(prepared)


@pytest.fixture(scope="module")
def published(application, tmp_path_factory):
    """The HDF5 file of weights that keras.applications publishes, with classifier."""
    path = tmp_path_factory.mktemp("keras") / "resnet50_weights_tf_dim_ordering_tf_kernels.h5"
    with_thousand = keras.applications.ResNet50(weights=None)
    for layer in with_thousand.layers[1:-1]:
        layer.set_weights(application.get_layer(layer.name).get_weights())
    with h5py.File(path, "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, with_thousand)
    return path


@pytest.fixture(scope="module")
def whole_model(application, tmp_path_factory):
    path = tmp_path_factory.mktemp("keras") / "model.keras"
    application.save(path)
    return path


@pytest.mark.parametrize("source", ["published", "whole_model"])
def test_the_imported_network_gives_the_applications_features(source, features, request, tmp_path):
    run(request.getfixturevalue(source), tmp_path)
    encoder, card = load_encoder(str(tmp_path))
    pixels, expected = features
    received = encoder(((pixels - card.pixel_mean) / card.pixel_std).astype(np.float32))
    np.testing.assert_allclose(received, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())
    assert lineage(card) == ("supervised training on ImageNet, imported",)


def test_a_file_of_another_application_is_refused(whole_model, tmp_path):
    settings = EncoderSettings("keras_resnet152", 1, "imagenet", 32)
    with pytest.raises(UserError, match=r"is missing or of another shape.*applications' resnet152"):
        run(whole_model, tmp_path, settings)


def test_weights_of_something_else_are_refused(tmp_path):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.save_weights(tmp_path / "other.weights.h5")
    with pytest.raises(UserError, match=r"not the weights of keras.applications' resnet50"):
        run(tmp_path / "other.weights.h5", tmp_path / "encoder")


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    (tmp_path / "broken.h5").write_bytes(b"no HDF5")
    with pytest.raises(UserError, match=r"broken\.h5: cannot be read"):
        run(tmp_path / "broken.h5", tmp_path / "encoder")
