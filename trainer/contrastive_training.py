"""Contrastive pretraining of an encoder: SimCLR on images, MICLe on pairs."""

import itertools
import logging
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from trainer.case_records import PixelStatistics, check_image_size, read_pixel_statistics
from trainer.checkpoints import (
    Checkpoint,
    CheckpointDirectory,
    assign_values,
    fingerprint,
    name_and_size,
    values_of,
    weights_digest,
)
from trainer.contrastive_observer import ContrastiveObserver, ObservedTraining
from trainer.contrastive_step import ReplicaStep, StepMeasures, compiled
from trainer.distribution import Replicas, find_replicas
from trainer.encoder_artifact import encoder_normalisation, initial_encoder_of
from trainer.encoder_card import EncoderCard
from trainer.encoders import build_encoder
from trainer.errors import DivergedError, UserError
from trainer.history import ContrastiveRow
from trainer.optimizers import contrastive_optimizer
from trainer.pair_dataset import (
    PairEpochs,
    PairSource,
    case_ids_of_step,
    find_pairs,
    pair_batches,
)
from trainer.progress_meter import ProgressMeter
from trainer.projection_head import build_projection_head
from trainer.settings import ContrastiveSettings, Distribution, EncoderSettings, to_json
from trainer.termination import awaiting_termination
from trainer.updates import Updates

logger = logging.getLogger("micle.contrastive_training")

_MOST_HISTORY_ROWS = 1000
_FINGERPRINT_DIGITS = 12
_STEPS_BETWEEN_READINGS = 10
_MOST_CASES_NAMED = 10


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
    distribution: Distribution = "auto",
) -> ContrastiveResult:
    """Trains an encoder to tell the two views of a pair from all other views of its batch.

    With `images`, a pair is one image seen twice (SimCLR). With `pairs`, it is two images of one
    case, and other pairs of the same patient are no negatives (MICLe). Stopped at any moment,
    the same call goes on from its last checkpoint, to the same weights on the same device. At
    SIGTERM it saves a checkpoint before it stops.

    Args:
        files: Records of transformed cases (`images`) or of pair examples (`pairs`).
        source: Which of the two.
        encoder_settings: Architecture, width, stem and image size.
        settings: Of the training.
        seed: Of the weights, the order and the augmentation.
        checkpoint_directory: Where checkpoints go, in a folder named by a fingerprint of all
            other arguments; for several workers, on a volume that they share.
        initial_encoder: Directory of an encoder to start from; None for random weights.
        trained_on: A name of the data for a person, for the card.
        data_fingerprint: Of the data, for the card; other data never meet old checkpoints.
        observer: Is shown the training as it goes on.
        distribution: The devices; see `find_replicas`. Any number of them goes on from the same
            checkpoints, and makes the same updates but for rounding.

    Returns:
        The encoder, its card and the training's history; the same from each worker.

    Raises:
        UserError: There are fewer than two pairs, the batch cannot be split among the replicas,
            the image sizes differ, or the initial encoder does not fit.
        DivergedError: The loss or its gradient is not a number.
    """
    replicas = find_replicas(distribution)
    statistics = read_pixel_statistics(files)
    check_image_size(statistics, encoder_settings.image_size)
    pairs = find_pairs(files, source)
    batch_size = _batch_size(pairs, settings, replicas)
    encoder, parent = initial_encoder_of(encoder_settings, initial_encoder, seed=seed)
    statistics = encoder_normalisation(parent, statistics)
    checkpoints = CheckpointDirectory(
        checkpoint_directory,
        fingerprint(
            [
                source,
                to_json(encoder_settings),
                to_json(settings),
                str(batch_size),
                str(seed),
                data_fingerprint,
                *(name_and_size(file) for file in sorted(files)),
                weights_digest(encoder),
                to_json(statistics),
            ]
        ),
    )
    head = _projection_head(encoder, settings, seed=seed)
    trained_encoder, trained_head = encoder, head
    if replicas.count > 1 or settings.precision != "float32":
        trained_encoder, trained_head = _copies(encoder_settings, settings, replicas)
        trained_encoder.set_weights(encoder.get_weights())
        trained_head.set_weights(head.get_weights())
    training = _Training(
        trained_encoder, trained_head, statistics, settings, pairs, batch_size, seed, replicas
    )
    training.run(checkpoints, observer if replicas.is_chief else None)
    training.give_weights(encoder, head)
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
        pairs_seen=training.total_steps * training.pairs_per_step,
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
    return ContrastiveResult(encoder, head, card, tuple(training.history))


def _batch_size(pairs: PairEpochs, settings: ContrastiveSettings, replicas: Replicas) -> int:
    if settings.batch_size % replicas.count:
        raise UserError(
            f"batch_size: {settings.batch_size} pairs cannot be split among {replicas.count} "
            f"replicas. Give a multiple of {replicas.count}."
        )
    fewest = min(pairs.entries, default=0)
    most = fewest - fewest % replicas.count
    if most < 2:
        raise UserError(
            f"Contrastive pretraining needs at least {max(2, replicas.count)} {pairs.source} to "
            f"tell apart; there {'is' if fewest == 1 else 'are'} {fewest}. Add cases, or leave "
            "this step out."
        )
    if most < settings.batch_size:
        logger.info("batch_size is %d, not %d: there are no more", most, settings.batch_size)
    return min(most, settings.batch_size)


def _projection_head(
    encoder: keras.Model, settings: ContrastiveSettings, *, seed: int = 0, **of_layers: Any
) -> keras.Model:
    return build_projection_head(
        encoder.output_shape[-1],
        layers=settings.projection_layers,
        projection_size=settings.projection_size,
        seed=seed,
        **of_layers,
    )


def _copies(
    encoder_settings: EncoderSettings, settings: ContrastiveSettings, replicas: Replicas
) -> tuple[keras.Model, keras.Model]:
    """Builds encoder and head once more: for each replica, and of the precision to train with."""
    of_layers: dict[str, Any] = {
        "precision": settings.precision,
        "synchronized": replicas.count > 1,
    }
    with replicas.scope():
        encoder = build_encoder(encoder_settings, **of_layers)
        return encoder, _projection_head(encoder, settings, **of_layers)


class _Training:
    """One training: its model, optimizer and position.

    A step is an update, made from one batch or, with gradient accumulation, from several.
    """

    def __init__(
        self,
        encoder: keras.Model,
        head: keras.Model,
        statistics: PixelStatistics,
        settings: ContrastiveSettings,
        pairs: PairEpochs,
        batch_size: int,
        seed: int,
        replicas: Replicas,
    ) -> None:
        self.settings, self.pairs, self.batch_size, self.seed = settings, pairs, batch_size, seed
        self.replicas = replicas
        self.statistics, self.image_size = statistics, statistics.image_size
        batches = sum(pairs.steps(epoch, batch_size) for epoch in range(settings.epochs))
        self.batches_per_step = min(settings.accumulation_steps, batches)
        self.pairs_per_step = batch_size * self.batches_per_step
        self.total_steps = batches // self.batches_per_step
        self.history: list[ContrastiveRow] = []
        self.encoder = encoder
        with replicas.scope():
            self.model = keras.Sequential([encoder, head])
            optimizer = contrastive_optimizer(
                settings, batch_size=self.pairs_per_step, total_steps=self.total_steps
            )
            self.updates = Updates(
                self.model,
                optimizer,
                precision=settings.precision,
                accumulation_steps=self.batches_per_step,
                ema_momentum=settings.ema_momentum,
            )
        replica_step = ReplicaStep(
            self.model,
            optimizer,
            self.updates,
            statistics,
            settings,
            masks_patients=pairs.source == "pairs",
            seed=seed,
        )
        self._accumulate = compiled(replica_step, replicas, is_update=False)
        self._update = compiled(replica_step, replicas, is_update=True)
        self._unread: list[tuple[int, list[StepMeasures]]] = []

    def run(self, checkpoints: CheckpointDirectory, observer: ContrastiveObserver | None) -> None:
        """Does the steps that are left."""
        start = self._restore(checkpoints)
        if observer is not None:
            observer.begin(self._observed(checkpoints, start))
        meter = ProgressMeter(
            "contrastive pretraining",
            "pairs",
            total=self.total_steps * self.pairs_per_step,
            done=start * self.pairs_per_step,
        )
        read_at = saved_at = time.monotonic()
        step = start
        with awaiting_termination() as termination:
            for batches in self._batches(start):
                self._unread.append((step, self._measures(step, batches)))
                step += 1
                now = time.monotonic()
                stops = termination.requested or step == self.total_steps
                saves = stops or now - saved_at >= self.settings.checkpoint_seconds
                # A device works ahead of the host as long as nothing is read from it.
                if saves or step % _STEPS_BETWEEN_READINGS == 0 or now - read_at >= 1:
                    row = self._read()
                    read_at = now
                    meter.update(step * self.pairs_per_step, _metrics(row))
                    if observer is not None:
                        observer.after_step(step, self.total_steps, self.encoder, row)
                if saves:
                    self._save(checkpoints, step)
                    saved_at = time.monotonic()
                if stops:
                    break
        meter.finish(step * self.pairs_per_step, _metrics(self.history[-1]))

    def _observed(self, checkpoints: CheckpointDirectory, step: int) -> ObservedTraining:
        method = "simclr" if self.pairs.source == "images" else "micle"
        return ObservedTraining(
            name=f"{method}-{checkpoints.path.name[:_FINGERPRINT_DIGITS]}",
            directory=checkpoints.path.parent,
            step=step,
            total_steps=self.total_steps,
            batch_size=self.pairs_per_step,
            statistics=self.statistics,
            pairs=self.pairs,
            augmentation=self.settings.augmentation,
            seed=self.seed,
        )

    def give_weights(self, encoder: keras.Model, head: keras.Model) -> None:
        """Copies what was trained, or its moving average, into models of one device."""
        values = [
            np.asarray(keras.ops.convert_to_numpy(variable))
            for variable in self.updates.averages or self.model.variables
        ]
        for variable, value in zip([*encoder.variables, *head.variables], values, strict=True):
            variable.assign(value)

    def _batches(self, start: int) -> Iterator[list[tuple[Any, Any]]]:
        """Yields the batches of each step that is left."""
        if start == self.total_steps:
            return
        batches = iter(
            self.replicas.batches(
                lambda share: pair_batches(
                    self.pairs,
                    epochs=self.settings.epochs,
                    batch_size=self.batch_size,
                    image_size=self.image_size,
                    seed=self.seed,
                    start_step=start * self.batches_per_step,
                    share=share,
                )
            )
        )
        for _ in range(start, self.total_steps):
            yield list(itertools.islice(batches, self.batches_per_step))

    def _measures(self, step: int, batches: list[tuple[Any, Any]]) -> list[StepMeasures]:
        """Does a step; returns what the device will have measured of each of its batches."""
        number = step * self.batches_per_step
        measures = []
        for index, (images, patients) in enumerate(batches, start=1):
            do = self._update if index == len(batches) else self._accumulate
            measures.append(do(images, patients, tf.constant(number, tf.int64)))
            number += 1
        return measures

    def _read(self) -> ContrastiveRow:
        """Waits for the device; returns the newest step's row."""
        interval = math.ceil(self.total_steps / _MOST_HISTORY_ROWS)
        for step, measures in self._unread:
            row = self._row(step, np.array([list(map(float, batch)) for batch in measures]))
            if row.step % interval == 0 or row.step == self.total_steps:
                self.history.append(row)
        self._unread = []
        return row

    def _row(self, step: int, measures: np.ndarray[Any, Any]) -> ContrastiveRow:
        for index, batch in enumerate(measures):
            if not np.isfinite(batch).all():
                raise DivergedError(
                    f"Step {step + 1}: the contrastive loss or its gradient is not a number. Lower "
                    f"learning_rate (it is {self.settings.learning_rate}) or raise "
                    f"warmup_fraction. {self._cases(step * self.batches_per_step + index)}"
                )
        loss, accuracy, entropy, _, rate = measures.mean(axis=0)
        return ContrastiveRow(step + 1, loss, accuracy, entropy, rate)

    def _cases(self, batch: int) -> str:
        cases = case_ids_of_step(self.pairs, batch_size=self.batch_size, seed=self.seed, step=batch)
        named = ", ".join(cases[:_MOST_CASES_NAMED])
        more = len(cases) - _MOST_CASES_NAMED
        return f"Cases of the batch: {named}{f' and {more} more' if more > 0 else ''}."

    def _save(self, checkpoints: CheckpointDirectory, step: int) -> None:
        if not self.replicas.is_chief:
            return
        arrays = values_of("model", self.model.variables)
        arrays |= values_of("updates", self.updates.variables)
        notes = {
            "history": [asdict(row) for row in self.history],
            "seed": self.seed,
            "batches_read": step * self.batches_per_step,
        }
        checkpoints.save(Checkpoint(step, arrays, notes))

    def _restore(self, checkpoints: CheckpointDirectory) -> int:
        """Returns the step that the newest checkpoint stands at; 0 without one."""
        checkpoint = checkpoints.newest()
        if checkpoint is None:
            return 0
        assign_values("model", self.model.variables, checkpoint.arrays)
        assign_values("updates", self.updates.variables, checkpoint.arrays)
        self.history = [ContrastiveRow(**row) for row in checkpoint.notes["history"]]
        logger.info("resumed at step %d of %d", checkpoint.step, self.total_steps)
        return checkpoint.step


def _metrics(row: ContrastiveRow) -> dict[str, float]:
    return {"loss": row.loss, "contrastive accuracy": row.accuracy}
