"""Labels of transformed cases, the same form for both tasks."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from schemas.case_features import (
    FINDING_VALUE,
    FINDING_WEIGHT,
    LABEL,
    PATIENT_ID,
    UNLABELLED,
    Task,
)
from trainer.case_records import COMPRESSION
from trainer.errors import UserError

_READING_BATCH = 1024


@dataclass(frozen=True)
class CaseLabels:
    """Labels of all cases that have any.

    Attributes:
        patients: Patient of each case.
        targets: float32 [cases, classes]: one-hot, or 1 present and 0 absent.
        weights: float32 [cases, classes]: 1 known, 0 unknown.
    """

    patients: tuple[bytes, ...]
    targets: npt.NDArray[np.float32]
    weights: npt.NDArray[np.float32]

    def classes_by_patient(self) -> dict[bytes, frozenset[int]]:
        """Returns the indices of the classes present in each patient's cases."""
        classes: dict[bytes, set[int]] = defaultdict(set)
        for patient, present in zip(self.patients, self.targets * self.weights > 0, strict=True):
            classes[patient].update(np.flatnonzero(present).tolist())
        return {patient: frozenset(found) for patient, found in classes.items()}

    def of_patients(self, patients: frozenset[bytes]) -> "CaseLabels":
        """Returns the labels of some patients' cases only."""
        chosen = np.array([patient in patients for patient in self.patients], dtype=bool)
        kept = tuple(patient for patient in self.patients if patient in patients)
        return CaseLabels(kept, self.targets[chosen], self.weights[chosen])


def label_features(task: Task, class_count: int) -> dict[str, tf.io.FixedLenFeature]:
    """Returns what to parse from a transformed case for `targets_and_weights`."""
    if task == "multi_class":
        return {LABEL: tf.io.FixedLenFeature([], tf.int64)}
    return {
        FINDING_VALUE: tf.io.FixedLenFeature([class_count], tf.float32),
        FINDING_WEIGHT: tf.io.FixedLenFeature([class_count], tf.float32),
    }


def targets_and_weights(
    features: dict[str, tf.Tensor], task: Task, class_count: int
) -> tuple[tf.Tensor, tf.Tensor]:
    """Brings parsed labels, of one case or of a batch, into the form of `CaseLabels`."""
    if task == "multi_label":
        return features[FINDING_VALUE], features[FINDING_WEIGHT]
    labels = features[LABEL]
    targets = tf.one_hot(labels, class_count)
    known = tf.cast(labels != UNLABELLED, tf.float32)[..., tf.newaxis]
    return targets, known * tf.ones_like(targets)


def read_labels(files: Sequence[str], task: Task, classes: Sequence[str]) -> CaseLabels:
    """Reads the labels of all labelled cases, file after file by name; images are left alone.

    Raises:
        UserError: A label is outside the classes.
    """
    features = {PATIENT_ID: tf.io.FixedLenFeature([], tf.string)}
    features |= label_features(task, len(classes))
    patients: list[bytes] = []
    targets = [np.zeros((0, len(classes)), np.float32)]
    weights = [np.zeros((0, len(classes)), np.float32)]
    for serialised in tf.data.TFRecordDataset(sorted(files), COMPRESSION).batch(_READING_BATCH):
        example = tf.io.parse_example(serialised, features)
        if task == "multi_class":
            _check_range(example[LABEL].numpy(), len(classes))
        target, weight = targets_and_weights(example, task, len(classes))
        labelled = weight.numpy().any(axis=1)
        patients.extend(example[PATIENT_ID].numpy()[labelled])
        targets.append(target.numpy()[labelled])
        weights.append(weight.numpy()[labelled])
    return CaseLabels(tuple(patients), np.concatenate(targets), np.concatenate(weights))


def _check_range(labels: npt.NDArray[np.int64], class_count: int) -> None:
    outside = labels[(labels < UNLABELLED) | (labels >= class_count)]
    if outside.size:
        raise UserError(
            f"label {outside[0]}: a label index must be within 0..{class_count - 1}, or "
            f"{UNLABELLED} for unlabelled. Train on the output of the same transform as classes."
        )
