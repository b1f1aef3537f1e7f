import dataclasses

import numpy as np
import pytest

from tests.trainer.encoder_cards import encoder_card
from trainer.encoder_artifact import (
    initial_encoder_of,
    lineage,
    load_encoder,
    load_projection_head,
    read_encoder_card,
    save_encoder,
)
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


def test_the_image_size_may_change_between_trainings(saved):
    directory, encoder, _ = saved
    larger, _ = initial_encoder_of(dataclasses.replace(SETTINGS, image_size=24), directory, seed=0)
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


def test_a_folder_without_an_encoder_is_named(tmp_path):
    with pytest.raises(UserError, match=r"encoder\.json: there is no such file"):
        read_encoder_card(str(tmp_path))
