"""Import of SimCLR's published files: the features must be those of the published network."""

import dataclasses
import shutil

import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.published_simclr_files import PublishedSimclr
from trainer.encoder_artifact import load_encoder, load_projection_head
from trainer.encoder_card import lineage
from trainer.encoder_import import import_encoder
from trainer.errors import UserError
from trainer.settings import EncoderSettings

SETTINGS = EncoderSettings("resnet50", 0.125, "imagenet", 32)
IMAGES = np.random.default_rng(1).uniform(size=(3, 32, 32, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def published():
    return PublishedSimclr(width=0.125, head_layers=3)


@pytest.fixture(scope="module")
def tensorflow1(published, tmp_path_factory):
    prefix = str(tmp_path_factory.mktemp("tensorflow1") / "model.ckpt-5")
    published.write_tensorflow1(prefix, slots=True)
    return prefix


@pytest.fixture(scope="module")
def tensorflow2(published, tmp_path_factory):
    directory = str(tmp_path_factory.mktemp("tensorflow2"))
    published.write_tensorflow2(directory)
    return directory


def run(source, output, settings=SETTINGS, layout="simclr"):
    return import_encoder(
        source, layout=layout, settings=settings, output=str(output), trained_on="ImageNet"
    )


@pytest.mark.parametrize("layout", ["tensorflow1", "tensorflow2"])
def test_the_imported_network_is_the_published_one(published, layout, request, tmp_path):
    imported = run(request.getfixturevalue(layout), tmp_path)
    encoder, card = load_encoder(str(tmp_path))
    assert card == imported.card
    normalised = (IMAGES - card.pixel_mean) / card.pixel_std
    expected = published.features(IMAGES)
    np.testing.assert_allclose(encoder(normalised), expected, rtol=1e-4, atol=1e-4)
    assert np.std(expected, axis=0).max() > 0.01  # Not the same for every image.

    head = load_projection_head(str(tmp_path))
    projections = published.projection(expected, layers=3)
    np.testing.assert_allclose(head(expected), projections, rtol=1e-3, atol=1e-4)


def test_published_pixels_are_fed_as_they_are_and_the_card_says_what_is_known(
    tensorflow1, tmp_path
):
    card = run(tensorflow1, tmp_path).card
    assert (card.pixel_mean, card.pixel_std) == ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    assert (card.method, card.projection_layers, card.projection_size) == ("published_simclr", 3, 8)
    assert card.steps is None
    assert lineage(card) == ("SimCLR on ImageNet, imported as published",)


def test_a_savedmodel_is_compared_with_its_own_network(tensorflow2, tensorflow1, tmp_path):
    assert run(tensorflow2, tmp_path / "2").difference < 1e-5
    assert run(tensorflow1, tmp_path / "1").difference is None


def test_a_savedmodel_that_computes_something_else_is_refused(published, tmp_path, monkeypatch):
    normalize = PublishedSimclr._normalize
    monkeypatch.setattr(PublishedSimclr, "_normalize", lambda *given: 1.1 * normalize(*given))
    published.write_tensorflow2(str(tmp_path / "source"))
    with pytest.raises(UserError, match="the network in it gives other features"):
        run(str(tmp_path / "source"), tmp_path / "encoder")


def test_a_savedmodel_that_cannot_be_run_is_imported_with_a_warning(tensorflow2, tmp_path, caplog):
    source = tmp_path / "source"
    shutil.copytree(tensorflow2, source)
    (source / "saved_model.pb").write_bytes(b"of another version")
    assert run(str(source), tmp_path / "encoder").difference is None
    assert "its own network cannot be run" in caplog.text


def test_a_savedmodel_of_other_outputs_is_refused(published, tmp_path, monkeypatch):
    features = PublishedSimclr.features
    monkeypatch.setattr(PublishedSimclr, "features", lambda *given: features(*given)[:, :10])
    published.write_tensorflow2(str(tmp_path / "source"))
    with pytest.raises(UserError, match=r"gives \(10,\) numbers for an image, not 256"):
        run(str(tmp_path / "source"), tmp_path / "encoder")


def test_a_folder_stands_for_its_newest_checkpoint(tensorflow1, tmp_path):
    assert run(tensorflow1.rpartition("/")[0], tmp_path).card.projection_layers == 3


def test_an_encoder_without_projection_head_is_imported_without(tmp_path):
    PublishedSimclr(width=0.125).write_tensorflow1(str(tmp_path / "model.ckpt"))
    assert run(str(tmp_path / "model.ckpt"), tmp_path / "encoder").card.projection_layers is None
    with pytest.raises(UserError, match="this encoder has no projection head"):
        load_projection_head(str(tmp_path / "encoder"))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"architecture": "resnet152"},
            "looks like ResNet-50 of width 0.125, not like ResNet-152 of width 0.125",
        ),
        (
            {"width_multiplier": 2},
            "looks like ResNet-50 of width 0.125, not like ResNet-50 of width 2",
        ),
    ],
)
@pytest.mark.parametrize("layout", ["tensorflow1", "tensorflow2"])
def test_another_depth_or_width_is_refused_with_what_it_looks_like(
    layout, changes, expected, request, tmp_path
):
    with pytest.raises(UserError, match=expected):
        run(request.getfixturevalue(layout), tmp_path, dataclasses.replace(SETTINGS, **changes))


def write_kernels(path, count, first_kernel):
    """Only the number of convolutions and the first one's shape tell what it looks like."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        for number in range(count):
            name = f"base_model/conv2d{f'_{number}' if number else ''}/kernel"
            shape = (1, 1, 1, 1) if number else first_kernel
            tf.compat.v1.get_variable(name, initializer=np.zeros(shape, np.float32))
        session.run(tf.compat.v1.global_variables_initializer())
        tf.compat.v1.train.Saver().save(session, str(path))
    return str(path)


@pytest.mark.parametrize(
    ("count", "first_kernel", "expected"),
    [
        # Selective kernels: 3 convolutions in the stem, 4 shortcuts, 5 in each of 16 blocks.
        (3 + 4 + 5 * 16, (3, 3, 3, 32), "ResNet-50 of width 1 with selective kernels, not"),
        (3 + 4 + 5 * 50, (3, 3, 3, 96), "ResNet-152 of width 3 with selective kernels, not"),
        (1 + 4 + 3 * 33, (7, 7, 3, 128), "ResNet-101 of width 2, not"),
        (1 + 4 + 2 * 8, (3, 3, 3, 64), "ResNet-18 of width 1 with the small-image stem, not"),
        (7, (7, 7, 3, 64), "a network of 7 convolutions of width 1, not"),
    ],
)
def test_networks_that_cannot_be_imported_are_named(count, first_kernel, expected, tmp_path):
    source = write_kernels(tmp_path / "model.ckpt", count, first_kernel)
    with pytest.raises(UserError, match=f"it looks like {expected} like ResNet-50 of width 0.125"):
        run(source, tmp_path / "encoder")


def test_a_variable_that_is_missing_is_named(published, tmp_path):
    torn = PublishedSimclr(width=0.125)
    del torn.arrays["base_model/batch_normalization_7/moving_mean"]
    torn.write_tensorflow1(str(tmp_path / "model.ckpt"))
    with pytest.raises(UserError, match=r"base_model/batch_normalization_7/moving_mean .*missing"):
        run(str(tmp_path / "model.ckpt"), tmp_path / "encoder")


def test_a_checkpoint_of_something_else_is_refused(tmp_path):
    prefix = tf.train.Checkpoint(step=tf.Variable(1)).write(str(tmp_path / "other"))
    with pytest.raises(UserError, match="It is no SimCLR checkpoint; look at --layout"):
        run(prefix, tmp_path / "encoder")


def test_a_file_that_is_not_there_and_one_that_cannot_be_read_are_refused(tmp_path):
    with pytest.raises(UserError, match="nowhere: there is no such file, folder or checkpoint"):
        run(str(tmp_path / "nowhere"), tmp_path / "encoder")
    (tmp_path / "model.ckpt.index").write_bytes(b"no checkpoint")
    with pytest.raises(UserError, match=r"no checkpoint, SavedModel or \.npz file that can be rea"):
        run(str(tmp_path / "model.ckpt"), tmp_path / "encoder")


def test_a_folder_with_an_encoder_is_not_overwritten(tensorflow1, tmp_path):
    run(tensorflow1, tmp_path)
    with pytest.raises(UserError, match="there is an encoder already"):
        run(tensorflow1, tmp_path)


def test_an_architecture_that_the_layout_does_not_hold_is_refused(tensorflow1, tmp_path):
    settings = dataclasses.replace(SETTINGS, architecture="resnet18")
    with pytest.raises(UserError, match="layout simclr holds resnet50, resnet152"):
        run(tensorflow1, tmp_path, settings)
