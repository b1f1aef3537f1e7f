"""Contrastive pretraining of an encoder: SimCLR on images, MICLe on pairs."""

import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import keras
import tensorflow as tf

from trainer.augmentation import augment
from trainer.case_records import (
    PixelStatistics,
    check_image_size,
    read_pixel_statistics,
    to_unit_range,
)
from trainer.checkpoints import (
    Checkpoint,
    CheckpointDirectory,
    assign_values,
    fingerprint,
    values_of,
    weights_digest,
)
from trainer.contrastive_loss import ContrastiveMeasures, nt_xent
from trainer.contrastive_observer import ContrastiveObserver, ObservedTraining
from trainer.encoder_artifact import encoder_normalisation, initial_encoder_of
from trainer.encoder_card import EncoderCard
from trainer.errors import UserError
from trainer.history import ContrastiveRow
from trainer.optimizers import contrastive_optimizer
from trainer.pair_dataset import PairEpochs, PairSource, find_pairs, pair_batches
from trainer.progress_meter import ProgressMeter
from trainer.projection_head import build_projection_head
from trainer.settings import ContrastiveSettings, EncoderSettings, to_json

logger = logging.getLogger("micle.contrastive_training")

_MOST_HISTORY_ROWS = 1000
_FINGERPRINT_DIGITS = 12

TrainStep = Callable[[tf.Tensor, tf.Tensor, tf.Tensor], ContrastiveMeasures]


@dataclass(frozen=True)
class ContrastiveResult:
    """A pretrained encoder.

    Attributes:
        encoder: The model, without the projection head.
        projection_head: What was trained on top of it.
        card: What it is and how it came about.
        history: At most about a thousand steps, evenly spaced, the last one included.
    """

    encoder: keras.Model
    projection_head: keras.Model
    card: EncoderCard
    history: tuple[ContrastiveRow, ...]


def pretrain(
    files: Sequence[str],
    *,
    source: PairSource,
    encoder_settings: EncoderSettings,
    settings: ContrastiveSettings,
    seed: int,
    checkpoint_directory: str,
    initial_encoder: str | None = None,
    trained_on: str,
    data_fingerprint: str,
    observer: ContrastiveObserver | None = None,
) -> ContrastiveResult:
    """Trains an encoder to tell the two views of a pair from all other views of its batch.

    With `images`, a pair is one image seen twice (SimCLR). With `pairs`, it is two images of one
    case, and other pairs of the same patient are no negatives (MICLe). Stopped at any moment,
    the same call goes on from its last checkpoint, to the same weights on the same device.

    Args:
        files: Records of transformed cases (`images`) or of pair examples (`pairs`).
        source: Which of the two.
        encoder_settings: Architecture, width, stem and image size.
        settings: Of the training.
        seed: Of the weights, the order and the augmentation.
        checkpoint_directory: Where checkpoints go, in a folder named by a fingerprint of all
            other arguments.
        initial_encoder: Directory of an encoder to start from; None for random weights.
        trained_on: A name of the data for a person, for the card.
        data_fingerprint: Of the data, for the card; other data never meet old checkpoints.
        observer: Is shown the training as it goes on.

    Returns:
        The encoder, its card and the training's history.

    Raises:
        UserError: There are fewer than two pairs, the image sizes differ, the initial encoder
            does not fit, or the loss is not a number.
    """
    statistics = read_pixel_statistics(files)
    check_image_size(statistics, encoder_settings.image_size)
    pairs = find_pairs(files, source)
    batch_size = _batch_size(pairs, settings)
    encoder, parent = initial_encoder_of(encoder_settings, initial_encoder, seed=seed)
    statistics = encoder_normalisation(parent, statistics)
    checkpoints = CheckpointDirectory(
        checkpoint_directory,
        fingerprint(
            [
                source,
                to_json(encoder_settings),
                to_json(settings),
                str(seed),
                data_fingerprint,
                *(f"{Path(file).name} {Path(file).stat().st_size}" for file in sorted(files)),
                weights_digest(encoder),
                to_json(statistics),
            ]
        ),
    )
    training = _Training(encoder, statistics, settings, pairs, batch_size, seed)
    training.run(checkpoints, observer)
    last = training.history[-1]
    card = EncoderCard(
        architecture=encoder_settings.architecture,
        width_multiplier=encoder_settings.width_multiplier,
        stem=encoder_settings.stem,
        image_size=encoder_settings.image_size,
        pixel_mean=statistics.mean,
        pixel_std=statistics.std,
        method="simclr" if source == "images" else "micle",
        steps=training.total_steps,
        epochs=settings.epochs,
        pairs_seen=training.total_steps * batch_size,
        final_loss=last.loss,
        temperature=settings.temperature,
        batch_size=batch_size,
        seed=seed,
        data_fingerprint=data_fingerprint,
        trained_on=trained_on,
        projection_layers=settings.projection_layers,
        projection_size=settings.projection_size,
        parent=parent,
    )
    return ContrastiveResult(encoder, training.head, card, tuple(training.history))


def _batch_size(pairs: PairEpochs, settings: ContrastiveSettings) -> int:
    fewest = min(pairs.entries)
    if fewest < 2:
        raise UserError(
            f"Contrastive pretraining needs at least 2 {pairs.source} to tell apart; there "
            f"{'is' if fewest == 1 else 'are'} {fewest}. Add cases, or leave this step out."
        )
    if fewest < settings.batch_size:
        logger.info("batch_size is %d, not %d: there are no more", fewest, settings.batch_size)
    return min(fewest, settings.batch_size)


class _Training:
    """One training: its model, optimizer and position."""

    def __init__(
        self,
        encoder: keras.Model,
        statistics: PixelStatistics,
        settings: ContrastiveSettings,
        pairs: PairEpochs,
        batch_size: int,
        seed: int,
    ) -> None:
        self.settings, self.pairs, self.batch_size, self.seed = settings, pairs, batch_size, seed
        self.statistics, self.image_size = statistics, statistics.image_size
        self.total_steps = sum(pairs.steps(epoch, batch_size) for epoch in range(settings.epochs))
        self.history: list[ContrastiveRow] = []
        self.head = build_projection_head(
            encoder.output_shape[-1],
            layers=settings.projection_layers,
            projection_size=settings.projection_size,
            seed=seed,
        )
        self.encoder = encoder
        self.model = keras.Sequential([encoder, self.head])
        self.optimizer = contrastive_optimizer(
            settings, batch_size=batch_size, total_steps=self.total_steps
        )
        self.optimizer.build(self.model.trainable_variables)
        self.train_step = _train_step(self.model, self.optimizer, statistics, settings, pairs, seed)

    def run(self, checkpoints: CheckpointDirectory, observer: ContrastiveObserver | None) -> None:
        """Does the steps that are left."""
        step = self._restore(checkpoints)
        if observer is not None:
            observer.begin(self._observed(checkpoints, step))
        meter = ProgressMeter(
            "contrastive pretraining",
            "pairs",
            total=self.total_steps * self.batch_size,
            done=step * self.batch_size,
        )
        batches = pair_batches(
            self.pairs,
            epochs=self.settings.epochs,
            batch_size=self.batch_size,
            image_size=self.image_size,
            seed=self.seed,
            start_step=step,
        )
        saved_at = time.monotonic()
        for images, patients in batches if step < self.total_steps else ():
            row = self._step(step, images, patients)
            step += 1
            meter.update(step * self.batch_size, _metrics(row))
            if observer is not None:
                observer.after_step(step, self.total_steps, self.encoder, row)
            if time.monotonic() - saved_at >= self.settings.checkpoint_seconds:
                self._save(checkpoints, step)
                saved_at = time.monotonic()
        self._save(checkpoints, step)
        meter.finish(step * self.batch_size, _metrics(self.history[-1]))

    def _observed(self, checkpoints: CheckpointDirectory, step: int) -> ObservedTraining:
        method = "simclr" if self.pairs.source == "images" else "micle"
        return ObservedTraining(
            name=f"{method}-{checkpoints.path.name[:_FINGERPRINT_DIGITS]}",
            directory=checkpoints.path.parent,
            step=step,
            total_steps=self.total_steps,
            batch_size=self.batch_size,
            statistics=self.statistics,
            pairs=self.pairs,
            augmentation=self.settings.augmentation,
            seed=self.seed,
        )

    def _step(self, step: int, images: tf.Tensor, patients: tf.Tensor) -> ContrastiveRow:
        rate = float(self.optimizer.learning_rate)
        measures = self.train_step(images, patients, tf.constant(step, tf.int64))
        loss = float(measures.loss)
        if not math.isfinite(loss):
            raise UserError(
                f"Step {step + 1}: the contrastive loss is not a number. Lower learning_rate "
                f"(it is {self.settings.learning_rate}) or raise warmup_fraction."
            )
        row = ContrastiveRow(
            step + 1, loss, float(measures.accuracy), float(measures.entropy), rate
        )
        interval = math.ceil(self.total_steps / _MOST_HISTORY_ROWS)
        if row.step % interval == 0 or row.step == self.total_steps:
            self.history.append(row)
        return row

    def _save(self, checkpoints: CheckpointDirectory, step: int) -> None:
        arrays = values_of("model", self.model.variables)
        arrays |= values_of("optimizer", self.optimizer.variables)
        notes = {"history": [asdict(row) for row in self.history]}
        checkpoints.save(Checkpoint(step, arrays, notes))

    def _restore(self, checkpoints: CheckpointDirectory) -> int:
        """Returns the step that the newest checkpoint stands at; 0 without one."""
        checkpoint = checkpoints.newest()
        if checkpoint is None:
            return 0
        assign_values("model", self.model.variables, checkpoint.arrays)
        assign_values("optimizer", self.optimizer.variables, checkpoint.arrays)
        self.history = [ContrastiveRow(**row) for row in checkpoint.notes["history"]]
        logger.info("resumed at step %d of %d", checkpoint.step, self.total_steps)
        return checkpoint.step


def _train_step(
    model: keras.Model,
    optimizer: keras.optimizers.Optimizer,
    statistics: PixelStatistics,
    settings: ContrastiveSettings,
    pairs: PairEpochs,
    seed: int,
) -> TrainStep:
    """Returns the compiled step; no XLA, which is many times slower on CPUs."""
    masks_patients = pairs.source == "pairs"

    @tf.function(autograph=False)  # Nothing to convert, and converting doubles the tracing.
    def train_step(images: tf.Tensor, patients: tf.Tensor, step: tf.Tensor) -> ContrastiveMeasures:
        views = to_unit_range(tf.concat([images[:, 0], images[:, 1]], axis=0))
        step_seed = tf.stack([tf.constant(seed, tf.int64), step])
        views = augment(views, settings.augmentation, step_seed, compiled=True)
        views = (views - statistics.mean) / statistics.std
        with tf.GradientTape() as tape:
            measures = nt_xent(
                model(views, training=True),
                temperature=settings.temperature,
                group_ids=patients if masks_patients else None,
            )
        gradients = tape.gradient(measures.loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return measures

    return train_step


def _metrics(row: ContrastiveRow) -> dict[str, float]:
    return {"loss": row.loss, "contrastive accuracy": row.accuracy}
