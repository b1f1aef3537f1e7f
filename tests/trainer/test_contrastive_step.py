import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer.case_records import PixelStatistics
from trainer.contrastive_step import ReplicaStep
from trainer.encoders import build_encoder
from trainer.optimizers import contrastive_optimizer
from trainer.projection_head import build_projection_head
from trainer.settings import AugmentationSettings, ContrastiveSettings, EncoderSettings
from trainer.updates import Updates

SIDE = 16
WITHOUT_CHANGE = AugmentationSettings(
    crop_area=(1.0, 1.0), horizontal_flip=0.0, colour_strength=0.0
)
SETTINGS = ContrastiveSettings(
    batch_size=4,
    projection_layers=1,
    projection_size=4,
    optimizer="lars",
    warmup_fraction=0.0,
    augmentation=AugmentationSettings(blur_probability=0.5, rotation_degrees=20),
)


def step_of_a_new_model(augmentation):
    settings = dataclasses.replace(SETTINGS, augmentation=augmentation)
    encoder = build_encoder(EncoderSettings("resnet18", 0.0625, "imagenet", SIDE))
    head = build_projection_head(encoder.output_shape[-1], layers=1, projection_size=4)
    model = keras.Sequential([encoder, head])
    optimizer = contrastive_optimizer(SETTINGS, batch_size=4, total_steps=4)
    updates = Updates(model, optimizer, precision="float32")
    statistics = PixelStatistics((0.5,) * 3, (0.2,) * 3, SIDE)
    return ReplicaStep(model, optimizer, updates, statistics, settings, True, seed=3)


def measured(augmentation, **compilation):
    images = np.random.default_rng(0).integers(0, 256, (4, 2, SIDE, SIDE, 3), np.uint8)
    arguments = tf.constant(images), tf.constant([1, 1, 2, 3], tf.int64), tf.constant(0, tf.int64)
    step = step_of_a_new_model(augmentation)
    function = tf.function(
        lambda *arguments: step(*arguments, is_update=True), autograph=False, **compilation
    )
    return [float(value) for value in function(*arguments)]


def test_xla_compiles_the_step_with_every_augmentation():
    """A TPU runs nothing else than what XLA compiles: static shapes and no strings."""
    assert np.isfinite(measured(SETTINGS.augmentation, jit_compile=True)).all()


@pytest.mark.slow
def test_xla_measures_the_same_but_for_its_own_random_numbers():
    """Its generator is another; without augmentation there is nothing to draw."""
    expected = measured(WITHOUT_CHANGE)
    assert measured(WITHOUT_CHANGE, jit_compile=True) == pytest.approx(expected, rel=1e-3)
