"""Supervised fine-tuning of a network, or of a linear head on it, on labelled cases."""

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
from trainer.augmentation import augment
from trainer.case_classifier import CaseClassifier
from trainer.case_dataset import CaseBatch, CaseReader, batch_signature, steps_per_epoch
from trainer.case_labels import CaseLabels, read_labels
from trainer.case_records import check_image_size, read_pixel_statistics, to_unit_range
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
from trainer.encoder_artifact import encoder_normalisation, initial_encoder_of
from trainer.encoder_card import lineage
from trainer.errors import DivergedError, UserError
from trainer.history import FineTuneRow
from trainer.label_fractions import classes_without_case, patients_of_fraction
from trainer.model_selection import check_selection, is_better
from trainer.optimizers import fine_tune_optimizer
from trainer.progress_meter import ProgressMeter
from trainer.projection_layer import initial_projection_layer
from trainer.settings import EncoderSettings, FineTuneSettings, to_json

logger = logging.getLogger("micle.fine_tuning")

TrainStep = Callable[[CaseBatch, tf.Tensor], tf.Tensor]


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
        stage: What the progress reports call it.

    Returns:
        The classifier, its training's history and its scores on validation.

    Raises:
        UserError: The settings do not fit the task, a class has no labelled training case, no
            validation case is labelled, the image sizes differ, the initial encoder does not fit
            or lacks the projection head that `features_from` asks for, or the selection metric
            cannot be computed on validation.
        DivergedError: The loss is not a number.
    """
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

    training = _Training(
        CaseClassifier(
            encoder,
            statistics,
            task=task,
            class_count=len(classes),
            projection=projection,
            trainable=settings.trainable,
            seed=seed,
        ),
        reader(train_files),
        reader(validation_files),
        labels,
        validation_labels,
        factors,
        settings,
        seed,
    )
    training.run(checkpoints, stage)
    return FineTuneResult(
        classifier=training.classifier,
        settings=settings,
        history=tuple(training.course.history),
        best_epoch=training.course.best_epoch,
        selection_score=cast(float, training.course.best_score),
        labelled_cases=len(labels.patients),
        seconds=training.course.seconds,
        pretraining=lineage(parent),
        validation_targets=validation_labels.targets,
        validation_weights=validation_labels.weights,
        validation_scores=training.classifier.scores(training.validation_logits()).numpy(),
    )


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
    ) -> None:
        self.classifier = classifier
        self.course = _Course()
        self._training_reader, self._validation_reader = training_reader, validation_reader
        self._labels, self._validation_labels = labels, validation_labels
        self._settings, self._seed = settings, seed
        self._cases = len(labels.patients)
        self._steps_per_epoch = steps_per_epoch(self._cases, settings.batch_size)
        self._total_steps = settings.epochs * self._steps_per_epoch
        self._optimizer = fine_tune_optimizer(settings, total_steps=self._total_steps)
        self._optimizer.build(classifier.trainable_variables)
        self._factors = factors
        self._train_step = _train_step(classifier, self._optimizer, settings, factors, seed)
        self._predict = _prediction(classifier)
        self._best = values_of("best", classifier.variables)
        self._counted_until = time.monotonic()

    def run(self, checkpoints: CheckpointDirectory, stage: str) -> None:
        """Does the epochs that are left, then takes the best epoch's weights."""
        step = self._restore(checkpoints)
        total = self._settings.epochs * self._cases
        meter = ProgressMeter(stage, "cases", total=total, done=self._cases_done(step))
        self._counted_until = saved_at = time.monotonic()
        while step < self._total_steps and not self.course.stopped:
            for batch in self._batches(step):
                step = self._step(step, batch)
                meter.update(self._cases_done(step), self._metrics())
                if time.monotonic() - saved_at >= self._settings.checkpoint_seconds:
                    self._save(checkpoints, step)
                    saved_at = time.monotonic()
                if self.course.stopped:
                    break
        self._save(checkpoints, step)
        meter.finish(self._cases_done(step), self._metrics())
        assign_values("best", self.classifier.variables, self._best)

    def validation_logits(self) -> tf.Tensor:
        """Returns float32 [cases, classes] of the labelled validation cases, in their order."""
        batches = self._validation_reader.evaluation_batches(self._settings.batch_size)
        return tf.concat([self._predict(batch) for batch in batches], axis=0)

    def _batches(self, step: int) -> tf.data.Dataset:
        return self._training_reader.training_batches(
            frozenset(self._labels.patients),
            cases=self._cases,
            batch_size=self._settings.batch_size,
            max_images_per_case=self._settings.max_images_per_case,
            epochs=self._settings.epochs,
            seed=self._seed,
            start_step=step,
        )

    def _step(self, step: int, batch: CaseBatch) -> int:
        loss = float(self._train_step(batch, tf.constant(step, tf.int64)))
        if not math.isfinite(loss):
            raise DivergedError(
                f"Step {step + 1}: the fine-tuning loss is not a number. Lower learning_rate "
                f"(it is {self._settings.learning_rate}) or raise warmup_fraction."
            )
        self.course.epoch_loss += loss / self._steps_per_epoch
        step += 1
        if step % self._steps_per_epoch == 0:
            self._finish_epoch(step // self._steps_per_epoch)
        return step

    def _finish_epoch(self, epoch: int) -> None:
        course = self.course
        loss, auc = self._validate()
        if not math.isfinite(loss):
            raise DivergedError(
                f"Epoch {epoch}: the validation loss is not a number. Lower learning_rate "
                f"(it is {self._settings.learning_rate}) or raise warmup_fraction."
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
        logits = self.validation_logits()
        loss = classification_loss(
            logits, targets, weights, task=self.classifier.task, factors=self._factors
        )
        auc = mean_auc(targets, weights, self.classifier.scores(logits).numpy())
        return float(loss), None if math.isnan(auc) else auc

    def _cases_done(self, step: int) -> int:
        return step * self._cases // self._steps_per_epoch

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
        arrays = values_of("model", self.classifier.variables)
        arrays |= values_of("optimizer", self._optimizer.variables)
        checkpoints.save(Checkpoint(step, arrays | self._best, self.course.notes()))

    def _restore(self, checkpoints: CheckpointDirectory) -> int:
        """Returns the step that the newest checkpoint stands at; 0 without one."""
        checkpoint = checkpoints.newest()
        if checkpoint is None:
            return 0
        assign_values("model", self.classifier.variables, checkpoint.arrays)
        assign_values("optimizer", self._optimizer.variables, checkpoint.arrays)
        self._best = {
            name: value for name, value in checkpoint.arrays.items() if name.startswith("best/")
        }
        self.course = _Course.of_notes(dict(checkpoint.notes))
        logger.info("resumed at step %d of %d", checkpoint.step, self._total_steps)
        return checkpoint.step


def _train_step(
    classifier: CaseClassifier,
    optimizer: keras.optimizers.Optimizer,
    settings: FineTuneSettings,
    factors: ClassWeights,
    seed: int,
) -> TrainStep:
    """Returns the compiled step."""
    signature = [_signature(classifier), tf.TensorSpec([], tf.int64)]

    @tf.function(input_signature=signature, autograph=False)
    def train_step(batch: CaseBatch, step: tf.Tensor) -> tf.Tensor:
        step_seed = tf.stack([tf.constant(seed, tf.int64), step])
        images = augment(to_unit_range(batch.images), settings.augmentation, step_seed)
        with tf.GradientTape() as tape:
            logits = classifier(images, batch.case_index, tf.shape(batch.targets)[0], training=True)
            loss = classification_loss(
                logits,
                batch.targets,
                batch.weights,
                task=classifier.task,
                factors=factors,
                label_smoothing=settings.label_smoothing,
            )
        gradients = tape.gradient(loss, classifier.trainable_variables)
        optimizer.apply_gradients(zip(gradients, classifier.trainable_variables, strict=True))
        return loss

    return train_step


def _prediction(classifier: CaseClassifier) -> Callable[[CaseBatch], tf.Tensor]:
    @tf.function(input_signature=[_signature(classifier)], autograph=False)
    def predict(batch: CaseBatch) -> tf.Tensor:
        images = to_unit_range(batch.images)
        return classifier(images, batch.case_index, tf.shape(batch.targets)[0], training=False)

    return predict


def _signature(classifier: CaseClassifier) -> CaseBatch:
    return batch_signature(classifier.encoder.input_shape[1], classifier.head.units)
