import dataclasses

import numpy as np
import pytest

from tests.trainer.encoder_cards import encoder_card
from trainer.encoder_artifact import (
    initial_encoder_of,
    load_encoder,
    load_projection_head,
    save_encoder,
)
from trainer.encoder_card import lineage, read_encoder_card
from trainer.encoders import build_encoder
from trainer.errors import UserError
from trainer.projection_head import build_projection_head
from trainer.settings import EncoderSettings

SETTINGS = EncoderSettings("resnet18", 0.125, "imagenet", 16)


def card(**changes):
    return encoder_card(SETTINGS, **changes)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    directory = str(tmp_path_factory.mktemp("encoder"))
    encoder = build_encoder(SETTINGS, seed=5)
    medical = card(method="micle", steps=20, batch_size=64, trained_on="skin", parent=card())
    save_encoder(directory, encoder, medical)
    return directory, encoder, medical


def test_an_encoder_comes_back_with_its_weights_and_card(saved):
    directory, encoder, medical = saved
    loaded, loaded_card = load_encoder(directory)
    assert loaded_card == medical
    images = np.random.default_rng(0).normal(size=(3, 16, 16, 3)).astype(np.float32)
    np.testing.assert_array_equal(loaded(images), encoder(images))


def test_the_projection_head_comes_back_with_its_weights(tmp_path, saved):
    head = build_projection_head(64, layers=3, projection_size=8, seed=4)
    with_head = card(projection_layers=3, projection_size=8)
    save_encoder(str(tmp_path), saved[1], with_head, head)
    features = np.random.default_rng(0).normal(size=(3, 64)).astype(np.float32)
    np.testing.assert_array_equal(load_projection_head(str(tmp_path))(features), head(features))


def test_an_encoder_without_projection_head_says_so(saved):
    with pytest.raises(UserError, match="this encoder has no projection head"):
        load_projection_head(saved[0])


def test_a_card_and_a_head_that_contradict_each_other_are_refused(tmp_path, saved):
    with pytest.raises(ValueError, match="give both, or none"):
        save_encoder(str(tmp_path), saved[1], card(projection_layers=3, projection_size=8))


def test_another_image_size_is_refused_unless_the_configuration_says_so(saved):
    directory, encoder, _ = saved
    other = dataclasses.replace(SETTINGS, image_size=24)
    with pytest.raises(
        UserError,
        match=r"trained at 16 pixels, encoder.image_size is 24. Set encoder.image_size: 16, or, "
        r"if another size is meant, add encoder.initial_image_size: 16.",
    ):
        initial_encoder_of(other, directory, seed=0)
    with pytest.raises(UserError, match="trained at 16 pixels"):
        initial_encoder_of(dataclasses.replace(other, initial_image_size=20), directory, seed=0)

    meant = dataclasses.replace(other, initial_image_size=16)
    larger, _ = initial_encoder_of(meant, directory, seed=0)
    assert larger.input_shape == (None, 24, 24, 3)
    for received, expected in zip(larger.get_weights(), encoder.get_weights(), strict=True):
        np.testing.assert_array_equal(received, expected)


@pytest.mark.parametrize(
    ("field", "value"),
    [("architecture", "resnet34"), ("width_multiplier", 0.25), ("stem", "small_image")],
)
def test_another_network_is_refused_with_what_would_fit(saved, field, value):
    settings = dataclasses.replace(SETTINGS, **{field: value})
    with pytest.raises(UserError, match=f"encoder.{field} is {value}.*Set encoder.{field}: "):
        initial_encoder_of(settings, saved[0], seed=0)


def test_lineage_tells_every_training_oldest_first():
    medical = card(method="micle", steps=20, batch_size=64, trained_on="skin", parent=card())
    assert lineage(medical) == (
        "SimCLR on natural images, 300 steps of 128 pairs",
        "MICLe on skin, 20 steps of 64 pairs",
    )
    assert lineage(None) == ()


@pytest.mark.parametrize(
    ("method", "sentence"),
    [
        ("supervised", "supervised training on ImageNet, imported"),
        ("published_simclr", "SimCLR on ImageNet, imported as published"),
        ("published_remedis", "REMEDIS (BiT, then SimCLR) on ImageNet, imported as published"),
    ],
)
def test_lineage_of_imported_weights_says_what_is_known(method, sentence):
    unknown = dict.fromkeys(("steps", "epochs", "pairs_seen", "batch_size", "seed"))
    imported = card(method=method, trained_on="ImageNet", **unknown)
    assert lineage(card(parent=imported)) == (
        sentence,
        "SimCLR on natural images, 300 steps of 128 pairs",
    )


def test_a_folder_without_an_encoder_is_named(tmp_path):
    with pytest.raises(UserError, match=r"encoder\.json: there is no such file"):
        read_encoder_card(str(tmp_path))


@pytest.mark.parametrize("text", ["{}", "not JSON", '{"parent": null, "pixel_mean": [0]}'])
def test_a_card_that_cannot_be_read_is_named(tmp_path, text):
    (tmp_path / "encoder.json").write_text(text)
    with pytest.raises(UserError, match=r"encoder\.json: not the card of an encoder of this versi"):
        read_encoder_card(str(tmp_path))
