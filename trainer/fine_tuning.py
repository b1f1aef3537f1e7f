"""Supervised fine-tuning of a network, or of a linear head on it, on labelled cases."""

import contextlib
import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, cast

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from schemas.case_features import Task
from trainer.area_under_curve import mean_auc
from trainer.case_classifier import CaseClassifier
from trainer.case_dataset import CaseBatch, CaseReader, steps_per_epoch
from trainer.case_labels import CaseLabels, read_labels
from trainer.case_records import check_image_size, read_pixel_statistics
from trainer.checkpoints import (
    Checkpoint,
    CheckpointDirectory,
    assign_values,
    fingerprint,
    name_and_size,
    values_of,
    weights_digest,
)
from trainer.classification_loss import ClassWeights, class_weights, classification_loss
from trainer.distribution import Replicas, find_replicas
from trainer.encoder_artifact import encoder_normalisation, initial_encoder_of
from trainer.encoder_card import lineage
from trainer.encoders import build_encoder
from trainer.errors import DivergedError, UserError
from trainer.fine_tune_step import FineTuneMeasures, ReplicaStep, compiled, prediction
from trainer.history import FineTuneRow
from trainer.label_fractions import classes_without_case, patients_of_fraction
from trainer.model_selection import check_selection, is_better
from trainer.optimizers import fine_tune_optimizer
from trainer.progress_meter import ProgressMeter
from trainer.projection_head import build_projection_head
from trainer.projection_layer import first_projection_layer, initial_projection_layer
from trainer.settings import Distribution, EncoderSettings, FineTuneSettings, to_json
from trainer.termination import awaiting_termination
from trainer.updates import Updates

logger = logging.getLogger("micle.fine_tuning")

_LARGEST_LOSS = 1e4
"""Of a step; cross entropy in nats. Beyond it the training has exploded."""

_STEPS_BETWEEN_READINGS = 10
_MOST_CASES_NAMED = 10
_MOST_CASES_COPIED = 20_000
"""Of so few labelled cases a copy is made, some gigabytes at the most."""


@dataclass(frozen=True)
class FineTuneResult:
    """A fine-tuned classifier with the weights of its best epoch.

    Attributes:
        classifier: The model.
        settings: That it was trained with.
        history: One row an epoch.
        best_epoch: Counted from 1; that with the best value of the selection metric.
        selection_score: That value: the validation loss or AUC.
        labelled_cases: Training cases whose labels were used.
        seconds: Time that the training took, without what a stop lost.
        pretraining: What the encoder was trained on before, step by step, for a person.
        validation_targets: float32 [cases, classes] of the labelled validation cases.
        validation_weights: float32 [cases, classes], 0 where unknown.
        validation_scores: float32 [cases, classes], probabilities.
    """

    classifier: CaseClassifier
    settings: FineTuneSettings
    history: tuple[FineTuneRow, ...]
    best_epoch: int
    selection_score: float
    labelled_cases: int
    seconds: float
    pretraining: tuple[str, ...]
    validation_targets: npt.NDArray[np.float32]
    validation_weights: npt.NDArray[np.float32]
    validation_scores: npt.NDArray[np.float32]


def fine_tune(
    train_files: Sequence[str],
    validation_files: Sequence[str],
    *,
    task: Task,
    classes: Sequence[str],
    encoder_settings: EncoderSettings,
    settings: FineTuneSettings,
    label_fraction: float,
    seed: int,
    checkpoint_directory: str,
    initial_encoder: str | None,
    data_fingerprint: str = "",
    stage: str = "fine-tuning",
    distribution: Distribution = "auto",
) -> FineTuneResult:
    """Trains a classifier on a share of the labels, with early stopping.

    Stopped at any moment, the same call goes on from its last checkpoint, to the same weights
    on the same device.

    Args:
        train_files: Records of transformed training cases; unlabelled ones are left out.
        validation_files: Records of transformed validation cases.
        task: Multi-class or multi-label.
        classes: Class or finding names, in the order of the label indices.
        encoder_settings: Architecture, width, stem and image size.
        settings: Of the training.
        label_fraction: Share of the training patients whose labels are used, within 0..1.
        seed: Of the weights, the share, the order and the augmentation.
        checkpoint_directory: Where checkpoints go, in a folder named by a fingerprint of all
            other arguments.
        initial_encoder: Directory of an encoder to start from; None for random weights.
        data_fingerprint: Of the data; other data never meet old checkpoints.
        distribution: The devices; see `find_replicas`.
        stage: What the progress reports call it.

    Returns:
        The classifier, its training's history and its scores on validation.

    Raises:
        UserError: The settings do not fit the task, a class has no labelled training case, no
            validation case is labelled, the image sizes differ, the initial encoder does not fit
            or lacks the projection head that `features_from` asks for, or the selection metric
            cannot be computed on validation.
        DivergedError: The loss or its gradient is not a number, or the loss is above 10,000.
    """
    replicas = find_replicas(distribution, tpu=False)
    if replicas.is_tpu:
        raise UserError(
            "distribution: fine-tuning cannot run on a TPU, which wants batches of one shape: "
            "cases differ in their number of images. Take auto."
        )
    misfits = settings.misfits(task, classes)
    if misfits:
        raise UserError(misfits[0])
    statistics = read_pixel_statistics(train_files)
    check_image_size(statistics, encoder_settings.image_size)
    labels = _training_labels(train_files, task, classes, label_fraction, seed)
    validation_labels = read_labels(validation_files, task, classes)
    if not validation_labels.patients:
        raise UserError("The validation split holds no labelled case. Add some, or split anew.")
    check_selection(settings.selection_metric, validation_labels)
    factors = class_weights(labels, task, classes, settings.class_weights)
    encoder, parent = initial_encoder_of(encoder_settings, initial_encoder, seed=seed)
    statistics = encoder_normalisation(parent, statistics)
    projection = None
    if settings.features_from == "projection_first_layer":
        features = encoder.output_shape[-1]
        projection = initial_projection_layer(features, initial_encoder, seed=seed)
    checkpoints = CheckpointDirectory(
        checkpoint_directory,
        fingerprint(
            [
                task,
                *classes,
                to_json(encoder_settings),
                to_json(settings),
                str(label_fraction),
                str(seed),
                data_fingerprint,
                *(name_and_size(file) for file in [*train_files, *validation_files]),
                weights_digest(encoder),
                weights_digest(projection) if projection else "",
                to_json(statistics),
            ]
        ),
    )

    def reader(files: Sequence[str]) -> CaseReader:
        return CaseReader(
            files, task=task, class_count=len(classes), image_size=statistics.image_size
        )

    def classifier_of(encoder: keras.Model, projection: keras.Model | None) -> CaseClassifier:
        return CaseClassifier(
            encoder,
            statistics,
            task=task,
            class_count=len(classes),
            projection=projection,
            trainable=settings.trainable,
            seed=seed,
        )

    classifier = trained = classifier_of(encoder, projection)
    if replicas.count > 1 or settings.precision != "float32":
        with replicas.scope():
            trained = classifier_of(
                *_copies(encoder_settings, settings, projection is not None, replicas)
            )
        trained.set_weights(classifier.get_weights())
    with _reader_of(labels, reader(train_files)) as training_reader:
        training = _Training(
            trained,
            training_reader,
            reader(validation_files),
            labels,
            validation_labels,
            factors,
            settings,
            seed,
            replicas,
        )
        training.run(checkpoints, stage)
    training.give_weights(classifier)
    return FineTuneResult(
        classifier=classifier,
        settings=settings,
        history=tuple(training.course.history),
        best_epoch=training.course.best_epoch,
        selection_score=cast(float, training.course.best_score),
        labelled_cases=len(labels.patients),
        seconds=training.course.seconds,
        pretraining=lineage(parent),
        validation_targets=validation_labels.targets,
        validation_weights=validation_labels.weights,
        validation_scores=classifier.scores(training.validation_logits(classifier)).numpy(),
    )


def _reader_of(
    labels: CaseLabels, reader: CaseReader
) -> contextlib.AbstractContextManager[CaseReader]:
    """Returns a reader of the labelled cases: of copies of them, unless they are many."""
    if len(labels.patients) > _MOST_CASES_COPIED:
        return contextlib.nullcontext(reader)
    return reader.narrowed(frozenset(labels.patients))


def _copies(
    encoder_settings: EncoderSettings,
    settings: FineTuneSettings,
    has_projection: bool,
    replicas: Replicas,
) -> tuple[keras.Model, keras.Model | None]:
    """Builds encoder and projection once more, for each replica and of the precision to train."""
    of_layers: dict[str, Any] = {
        "precision": settings.precision,
        "synchronized": replicas.count > 1,
    }
    encoder = build_encoder(encoder_settings, **of_layers)
    if not has_projection:
        return encoder, None
    head = build_projection_head(encoder.output_shape[-1], layers=2, projection_size=2, **of_layers)
    return encoder, first_projection_layer(head)


def _training_labels(
    files: Sequence[str], task: Task, classes: Sequence[str], fraction: float, seed: int
) -> CaseLabels:
    labels = read_labels(files, task, classes)
    by_patient = labels.classes_by_patient()
    missing = classes_without_case(by_patient, classes)
    if missing:
        raise UserError(
            f"{', '.join(missing)}: no labelled training case. Label some, or leave it out of "
            "the classes."
        )
    return labels.of_patients(patients_of_fraction(by_patient, fraction=fraction, seed=seed))


@dataclass
class _Course:
    """What a training knows about itself besides its weights; goes into checkpoints."""

    history: list[FineTuneRow] = field(default_factory=list)
    best_epoch: int = 0
    best_score: float | None = None
    epoch_loss: float = 0.0
    seconds: float = 0.0
    stopped: bool = False

    def notes(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of_notes(cls, notes: dict[str, Any]) -> "_Course":
        history = [FineTuneRow(**row) for row in notes["history"]]
        return cls(**{**notes, "history": history})


class _Training:
    """One training: its model, optimizer and course."""

    def __init__(
        self,
        classifier: CaseClassifier,
        training_reader: CaseReader,
        validation_reader: CaseReader,
        labels: CaseLabels,
        validation_labels: CaseLabels,
        factors: ClassWeights,
        settings: FineTuneSettings,
        seed: int,
        replicas: Replicas,
    ) -> None:
        self.classifier = classifier
        self._replicas = replicas
        self.course = _Course()
        self._training_reader = training_reader
        self._validation_batches = validation_reader.evaluation_batches(settings.batch_size)
        self._labels, self._validation_labels = labels, validation_labels
        self._settings, self._seed = settings, seed
        self._cases = len(labels.patients)
        self._steps_per_pass = steps_per_epoch(self._cases, settings.batch_size)
        passes = settings.passes_per_epoch(self._steps_per_pass)
        self._steps_per_epoch = passes * self._steps_per_pass
        self._passes = settings.epochs * passes
        self._total_steps = settings.epochs * self._steps_per_epoch
        with replicas.scope():
            self._optimizer = fine_tune_optimizer(settings, total_steps=self._total_steps)
            self._updates = Updates(classifier, self._optimizer, precision=settings.precision)
        self._factors = factors
        self._replica_step = ReplicaStep(classifier, self._updates, settings, factors, seed)
        self._predictions: dict[CaseClassifier, Callable[[CaseBatch], tf.Tensor]] = {}
        self._unread: list[tuple[int, FineTuneMeasures]] = []
        self._best = values_of("best", classifier.variables)
        self._counted_until = time.monotonic()

    def run(self, checkpoints: CheckpointDirectory, stage: str) -> None:
        """Does the epochs that are left, then takes the best epoch's weights."""
        step = self._restore(checkpoints)
        total = self._passes * self._cases
        meter = ProgressMeter(stage, "cases", total=total, done=self._cases_done(step))
        self._counted_until = saved_at = time.monotonic()
        with awaiting_termination() as termination:
            for batch in self._batches(step):
                self._unread.append((step, self._train_step(batch, tf.constant(step, tf.int64))))
                step += 1
                # A device works ahead of the host as long as nothing is read from it.
                if step % self._steps_per_epoch == 0:
                    self._read()
                    self._finish_epoch(step // self._steps_per_epoch)
                elif step % _STEPS_BETWEEN_READINGS == 0:
                    self._read()
                meter.update(self._cases_done(step), self._metrics())
                if self.course.stopped or termination.requested:
                    break
                if time.monotonic() - saved_at >= self._settings.checkpoint_seconds:
                    self._save(checkpoints, step)
                    saved_at = time.monotonic()
            self._save(checkpoints, step)
        meter.finish(self._cases_done(step), self._metrics())

    def give_weights(self, classifier: CaseClassifier) -> None:
        """Copies the best epoch's weights into a classifier of one device."""
        assign_values("best", classifier.variables, self._best)

    def validation_logits(self, classifier: CaseClassifier) -> tf.Tensor:
        """Returns float32 [cases, classes] of the labelled validation cases, in their order."""
        if classifier not in self._predictions:
            self._predictions[classifier] = prediction(classifier)
        predict = self._predictions[classifier]
        return tf.concat([predict(batch) for batch in self._validation_batches], axis=0)

    def _batches(self, step: int) -> Any:
        """Returns the batches of the steps that are left; compiles the step for them."""
        if step == self._total_steps or self.course.stopped:
            return ()
        batches = self._replicas.batches(
            lambda share: self._training_reader.training_batches(
                frozenset(self._labels.patients),
                cases=self._cases,
                batch_size=self._settings.batch_size,
                max_images_per_case=self._settings.max_images_per_case,
                epochs=self._passes,
                seed=self._seed,
                start_step=step,
                share=share,
            )
        )
        self._train_step = compiled(self._replica_step, self._replicas, batches.element_spec)
        return batches

    def _read(self) -> None:
        """Waits for the device."""
        for step, measures in self._unread:
            loss, norm = float(measures.loss), float(measures.gradient_norm)
            if not (math.isfinite(norm) and abs(loss) <= _LARGEST_LOSS):
                raise DivergedError(
                    f"Step {step + 1}: the fine-tuning loss or its gradient is not a number, or "
                    f"the loss is above {_LARGEST_LOSS:,.0f}. {self._advice()} "
                    f"{self._cases_of(step)}"
                )
            self.course.epoch_loss += loss / self._steps_per_epoch
        self._unread = []

    def _advice(self) -> str:
        rate = self._settings.learning_rate
        return f"Lower learning_rate (it is {rate}) or raise warmup_fraction."

    def _cases_of(self, step: int) -> str:
        cases = self._training_reader.case_ids_of_step(
            frozenset(self._labels.patients),
            cases=self._cases,
            batch_size=self._settings.batch_size,
            seed=self._seed,
            step=step,
        )
        named = ", ".join(cases[:_MOST_CASES_NAMED])
        more = len(cases) - _MOST_CASES_NAMED
        return f"Cases of the batch: {named}{f' and {more} more' if more > 0 else ''}."

    def _finish_epoch(self, epoch: int) -> None:
        course = self.course
        loss, auc = self._validate()
        if not math.isfinite(loss):
            raise DivergedError(
                f"Epoch {epoch}: the validation loss is not a number. {self._advice()}"
            )
        rate = float(self._optimizer.learning_rate)
        course.history.append(FineTuneRow(epoch, course.epoch_loss, loss, auc, rate))
        course.epoch_loss = 0.0
        metric = self._settings.selection_metric
        score = loss if metric == "loss" else cast(float, auc)
        if is_better(metric, score, course.best_score):
            course.best_epoch, course.best_score = epoch, score
            self._best = values_of("best", self.classifier.variables)
        course.stopped = epoch - course.best_epoch >= self._settings.patience

    def _validate(self) -> tuple[float, float | None]:
        """Returns loss and mean AUC on the validation cases."""
        targets, weights = self._validation_labels.targets, self._validation_labels.weights
        logits = self.validation_logits(self.classifier)
        loss = classification_loss(
            logits, targets, weights, task=self.classifier.task, factors=self._factors
        )
        auc = mean_auc(targets, weights, self.classifier.scores(logits).numpy())
        return float(loss), None if math.isnan(auc) else auc

    def _cases_done(self, step: int) -> int:
        return step * self._cases // self._steps_per_pass

    def _metrics(self) -> dict[str, float]:
        if not self.course.history:
            return {}
        last = self.course.history[-1]
        metrics = {"loss": last.loss, "validation loss": last.validation_loss}
        if last.validation_auc is not None:
            metrics["validation AUC"] = last.validation_auc
        return metrics

    def _save(self, checkpoints: CheckpointDirectory, step: int) -> None:
        now = time.monotonic()
        self.course.seconds += now - self._counted_until
        self._counted_until = now
        self._read()
        if not self._replicas.is_chief:
            return
        arrays = values_of("model", self.classifier.variables)
        arrays |= values_of("updates", self._updates.variables)
        checkpoints.save(Checkpoint(step, arrays | self._best, self.course.notes()))

    def _restore(self, checkpoints: CheckpointDirectory) -> int:
        """Returns the step that the newest checkpoint stands at; 0 without one."""
        checkpoint = checkpoints.newest()
        if checkpoint is None:
            return 0
        assign_values("model", self.classifier.variables, checkpoint.arrays)
        assign_values("updates", self._updates.variables, checkpoint.arrays)
        self._best = {
            name: value for name, value in checkpoint.arrays.items() if name.startswith("best/")
        }
        self.course = _Course.of_notes(dict(checkpoint.notes))
        logger.info("resumed at step %d of %d", checkpoint.step, self._total_steps)
        return checkpoint.step
