"""This project's SimCLR step, timed whole (records to update) and bare (from ready tensors)."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import keras
import tensorflow as tf

from trainer.augmentation import augment
from trainer.case_records import read_pixel_statistics, to_unit_range
from trainer.contrastive_loss import nt_xent
from trainer.encoders import build_encoder
from trainer.optimizers import contrastive_optimizer
from trainer.pair_dataset import find_pairs, pair_batches
from trainer.projection_head import build_projection_head
from trainer.settings import AugmentationSettings, ContrastiveSettings, EncoderSettings

NATURAL_IMAGES = AugmentationSettings(
    crop_area=(0.08, 1.0),
    horizontal_flip=0.5,
    colour_strength=1.0,
    colour_probability=0.8,
    grayscale_probability=0.2,
    blur_probability=0.5,
)
"""SimCLR's own set, which Lightly's `SimCLRTransform` follows too."""

_MANY = 1_000_000


@dataclass(frozen=True)
class Timing:
    """What a run of steps took.

    Attributes:
        seconds: Of all steps.
        cpu_seconds: Of all threads of the process meanwhile.
        waiting_seconds: For the next batch; part of `seconds`.
        steps: How many.
    """

    seconds: float
    cpu_seconds: float
    waiting_seconds: float
    steps: int


class ProjectTraining:
    """One network, its optimizer and its data.

    The step is made of the parts that `trainer.contrastive_training` is made of, so that the
    whole step and the bare one share everything but the input.
    """

    def __init__(self, records: str, *, width: float, image_size: int, batch_size: int) -> None:
        self._records, self._image_size, self._batch_size = records, image_size, batch_size
        encoder_settings = EncoderSettings(
            architecture="resnet18",
            width_multiplier=width,
            stem="imagenet",
            image_size=image_size,
        )
        settings = ContrastiveSettings(
            optimizer="adamw", batch_size=batch_size, augmentation=NATURAL_IMAGES
        )
        encoder = build_encoder(encoder_settings)
        head = build_projection_head(
            encoder.output_shape[-1],
            layers=settings.projection_layers,
            projection_size=settings.projection_size,
        )
        model = keras.Sequential([encoder, head])
        optimizer = contrastive_optimizer(settings, batch_size=batch_size, total_steps=_MANY)
        optimizer.build(model.trainable_variables)
        self._step, self._ready_step = self._steps(model, optimizer, settings)

    def _steps(
        self,
        model: keras.Model,
        optimizer: keras.optimizers.Optimizer,
        settings: ContrastiveSettings,
    ) -> tuple[Callable[..., tf.Tensor], Callable[[tf.Tensor], tf.Tensor]]:
        statistics = read_pixel_statistics([self._records])

        def update(views: tf.Tensor) -> tf.Tensor:
            with tf.GradientTape() as tape:
                loss = nt_xent(model(views, training=True), temperature=settings.temperature).loss
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
            return loss

        def whole(images: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
            views = to_unit_range(tf.concat([images[:, 0], images[:, 1]], axis=0))
            seed = tf.stack([tf.constant(0, tf.int64), step])
            views = augment(views, settings.augmentation, seed, compiled=True)
            return update((views - statistics.mean) / statistics.std)

        return tf.function(whole, autograph=False), tf.function(update, autograph=False)

    def whole(self, *, warm_up: int, steps: int) -> Timing:
        """Times steps from the records on, after `warm_up` others."""
        batches = enumerate(iter(self._batches()))
        for _ in range(warm_up):
            self._whole_step(batches)
        started, cpu_started = time.perf_counter(), time.process_time()
        waiting = sum(self._whole_step(batches) for _ in range(steps))
        return Timing(
            time.perf_counter() - started, time.process_time() - cpu_started, waiting, steps
        )

    def _whole_step(self, batches: Iterator) -> float:
        """Does one step; returns the seconds that it waited for its batch."""
        started = time.perf_counter()
        number, (images, _) = next(batches)
        waited = time.perf_counter() - started
        float(self._step(images, tf.constant(number, tf.int64)))
        return waited

    def _batches(self) -> tf.data.Dataset:
        return pair_batches(
            find_pairs([self._records], "images"),
            epochs=_MANY,
            batch_size=self._batch_size,
            image_size=self._image_size,
            seed=0,
        )

    def bare(self, *, warm_up: int, steps: int) -> Timing:
        """Times steps on views that are ready, after `warm_up` others."""
        side = self._image_size
        views = tf.random.stateless_normal([2 * self._batch_size, side, side, 3], [0, 0])
        for _ in range(warm_up):
            float(self._ready_step(views))
        started, cpu_started = time.perf_counter(), time.process_time()
        for _ in range(steps):
            float(self._ready_step(views))
        return Timing(time.perf_counter() - started, time.process_time() - cpu_started, 0.0, steps)
