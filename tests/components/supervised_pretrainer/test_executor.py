"""Supervised pretraining: the encoder that comes out of it, and that others can start from."""

import json

import numpy as np
import pytest
from tfx.types import artifact_utils, standard_artifacts

from components.artifact_types import Encoder
from components.supervised_pretrainer.executor import Executor
from tests.trainer.synthetic_records import MEAN, STD, example, textured_image, write_records
from trainer.encoder_artifact import initial_encoder_of
from trainer.encoder_card import lineage, read_encoder_card
from trainer.encoders import build_encoder
from trainer.settings import AugmentationSettings, EncoderSettings, FineTuneSettings, to_json

SETTINGS = EncoderSettings(width_multiplier=0.125, image_size=16)
TRAINING = FineTuneSettings(
    epochs=2, batch_size=8, learning_rate=0.01, augmentation=AugmentationSettings((1.0, 1.0))
)


@pytest.fixture(scope="module")
def directory(tmp_path_factory) -> str:
    root = tmp_path_factory.mktemp("supervised")
    rng = np.random.default_rng(0)
    for split, count in (("train", 16), ("validation", 8)):
        records = [
            example([textured_image(i % 2, rng)], f"{split}{i}", f"{split}{i}", label=i % 2)
            for i in range(count)
        ]
        (root / f"Split-{split}").mkdir()
        write_records(root / f"Split-{split}" / "data.gz", records)
    examples = standard_artifacts.Examples()
    examples.uri = str(root)
    examples.split_names = artifact_utils.encode_split_names(["train", "validation"])
    encoder = Encoder()
    encoder.uri = str(root / "encoder")
    Executor().Do(
        {"examples": [examples]},
        {"encoder": [encoder]},
        {
            "classes": json.dumps(["horizontal", "vertical"]),
            "trained_on": "natural images",
            "encoder_settings": to_json(SETTINGS),
            "settings": to_json(TRAINING),
            "seed": 3,
            "checkpoint_root": str(root / "checkpoints"),
            "distribution": "one_device",
        },
    )
    return encoder.uri


def test_the_card_says_how_the_encoder_came_about(directory):
    card = read_encoder_card(directory)
    assert (card.method, card.trained_on, card.seed) == (
        "supervised_pretraining",
        "natural images",
        3,
    )
    assert card.parent is None
    assert card.projection_layers is None
    assert card.pixel_mean == pytest.approx(MEAN)
    assert card.pixel_std == pytest.approx(STD)
    # 16 cases in batches of 8.
    assert card.steps == 2 * card.epochs
    assert lineage(card) == (
        f"supervised training on natural images, {card.steps} steps of 8 images",
    )


def test_another_training_starts_from_what_was_learnt(directory):
    encoder, card = initial_encoder_of(SETTINGS, directory, seed=3)
    assert card == read_encoder_card(directory)
    # The same seed drew the weights that the training began with.
    untrained = build_encoder(SETTINGS, seed=3)
    pairs = zip(encoder.get_weights(), untrained.get_weights(), strict=True)
    assert all(np.abs(learnt - drawn).max() > 1e-4 for learnt, drawn in pairs)
