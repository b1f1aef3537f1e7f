"""Import of BiT's and REMEDIS' published files: the features must be the published network's."""

import dataclasses

import numpy as np
import pytest

from tests.trainer.published_bit_files import PublishedBit
from tests.trainer.published_simclr_files import PublishedSimclr
from trainer.encoder_artifact import load_encoder
from trainer.encoder_card import lineage
from trainer.encoder_import import import_encoder
from trainer.errors import UserError
from trainer.settings import EncoderSettings

SETTINGS = EncoderSettings("bit_resnet50", 0.5, "imagenet", 32)
PIXELS = np.random.default_rng(1).uniform(size=(3, 32, 32, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def published():
    return PublishedBit(width=0.5)


@pytest.fixture(scope="module")
def archive(published, tmp_path_factory):
    path = str(tmp_path_factory.mktemp("bit") / "BiT-M-R50x1.npz")
    published.write_archive(path)
    return path


@pytest.fixture(scope="module")
def savedmodel(published, tmp_path_factory):
    directory = str(tmp_path_factory.mktemp("remedis"))
    published.write_savedmodel(directory)
    return directory


def run(source, output, settings=SETTINGS, layout="remedis"):
    return import_encoder(
        source, layout=layout, settings=settings, output=str(output), trained_on="chest X-rays"
    )


@pytest.mark.parametrize(("layout", "source"), [("bit", "archive"), ("remedis", "savedmodel")])
def test_the_imported_network_is_the_published_one(published, layout, source, request, tmp_path):
    imported = run(request.getfixturevalue(source), tmp_path, layout=layout)
    encoder, card = load_encoder(str(tmp_path))
    assert card == imported.card
    normalised = (PIXELS - card.pixel_mean) / card.pixel_std
    expected = published.features(2 * PIXELS - 1)
    np.testing.assert_allclose(encoder(normalised), expected, rtol=1e-4, atol=1e-4)
    assert np.std(expected, axis=0).max() > 0.01  # Not the same for every image.


def test_the_card_tells_what_is_known(archive, savedmodel, tmp_path):
    bit = run(archive, tmp_path / "bit", layout="bit")
    assert bit.difference is None
    assert lineage(bit.card) == ("supervised training on chest X-rays, imported",)
    remedis = run(savedmodel, tmp_path / "remedis")
    assert remedis.difference < 1e-4
    assert lineage(remedis.card) == (
        "REMEDIS (BiT, then SimCLR) on chest X-rays, imported as published",
    )


def test_the_scaling_of_pixels_is_found_by_comparing_features(published, tmp_path):
    published.write_savedmodel(str(tmp_path / "source"), scalings=2)
    card = run(str(tmp_path / "source"), tmp_path / "encoder").card
    # 2 (2 x - 1) - 1 = (x - 0.75) / 0.25
    assert (card.pixel_mean, card.pixel_std) == ((0.75,) * 3, (0.25,) * 3)


def test_remedis_weights_of_simclrs_own_network_are_imported_too(tmp_path):
    simclr = PublishedSimclr(width=0.125, head_layers=2)
    simclr.write_tensorflow1(str(tmp_path / "model.ckpt"))
    settings = EncoderSettings("resnet50", 0.125, "imagenet", 32)
    card = run(str(tmp_path / "model.ckpt"), tmp_path / "encoder", settings).card
    assert (card.method, card.projection_layers) == ("published_remedis", 2)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"architecture": "bit_resnet152"}, "not like BiT ResNet-152 of width 0.5"),
        ({"width_multiplier": 2}, "not like BiT ResNet-50 of width 2"),
    ],
)
def test_another_depth_or_width_is_refused_with_what_it_looks_like(
    archive, changes, expected, tmp_path
):
    with pytest.raises(UserError, match=f"looks like BiT ResNet-50 of width 0.5, {expected}"):
        run(archive, tmp_path, dataclasses.replace(SETTINGS, **changes))


def test_a_file_of_another_network_is_refused(tmp_path):
    PublishedSimclr(width=0.125).write_tensorflow1(str(tmp_path / "model.ckpt"))
    with pytest.raises(UserError, match="It is no BiT network; look at --layout and --archit"):
        run(str(tmp_path / "model.ckpt"), tmp_path / "encoder")
