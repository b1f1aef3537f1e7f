"""A fixed, bounded sample of labelled cases, kept in memory as encoded images."""

import hashlib
import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from schemas.case_features import CASE_ID, IMAGE, Task
from trainer.case_labels import label_features, targets_and_weights
from trainer.case_records import COMPRESSION

IMAGES_PER_CASE = 2
"""The first so many images of a case are kept; they bound what embedding a case costs."""

_READING_BATCH = 64


@dataclass(frozen=True)
class CaseSample:
    """Labelled cases with their images laid end to end.

    Attributes:
        images: JPEGs.
        case_index: int64 [images], ascending: the case of each image.
        targets: float32 [cases, classes]: one-hot, or 1 present and 0 absent.
        weights: float32 [cases, classes]: 1 known, 0 unknown.
    """

    images: tuple[bytes, ...]
    case_index: npt.NDArray[np.int64]
    targets: npt.NDArray[np.float32]
    weights: npt.NDArray[np.float32]


def draw_case_sample(
    files: Sequence[str], *, task: Task, class_count: int, cases: int, seed: int
) -> CaseSample:
    """Draws labelled cases; reads every file once and holds no more than the sample.

    A case is in or out by a hash of its identifier and the seed, so the sample does not depend on
    how records lie in files.

    Args:
        files: Records of transformed cases; unlabelled ones are left out.
        task: Multi-class or multi-label.
        class_count: Classes or findings.
        cases: Most cases to draw.
        seed: Of the draw.
    """
    hashed = _labelled_cases(files, task, class_count, seed)
    chosen = heapq.nsmallest(cases, hashed, key=itemgetter(0))
    empty = np.zeros((0, class_count), np.float32)
    images: list[bytes] = []
    case_index: list[int] = []
    for index, (_, serialised, _, _) in enumerate(chosen):
        feature = {IMAGE: tf.io.RaggedFeature(tf.string)}
        of_case = tf.io.parse_single_example(serialised, feature)[IMAGE][:IMAGES_PER_CASE]
        images.extend(of_case.numpy().tolist())
        case_index.extend([index] * len(of_case))
    return CaseSample(
        tuple(images),
        np.array(case_index, np.int64),
        np.stack([target for _, _, target, _ in chosen]) if chosen else empty,
        np.stack([weight for _, _, _, weight in chosen]) if chosen else empty,
    )


def _labelled_cases(
    files: Sequence[str], task: Task, class_count: int, seed: int
) -> Iterator[tuple[bytes, bytes, npt.NDArray[Any], npt.NDArray[Any]]]:
    """Yields hash, record, target and weight of each labelled case."""
    features = {CASE_ID: tf.io.FixedLenFeature([], tf.string)}
    features |= label_features(task, class_count)
    key = str(seed).encode()
    for batch in tf.data.TFRecordDataset(sorted(files), COMPRESSION).batch(_READING_BATCH):
        example = tf.io.parse_example(batch, features)
        targets, weights = targets_and_weights(example, task, class_count)
        labelled = np.flatnonzero(weights.numpy().any(axis=1))
        records, case_ids = batch.numpy(), example[CASE_ID].numpy()
        targets, weights = targets.numpy(), weights.numpy()
        for index in labelled:
            digest = hashlib.blake2b(case_ids[index], key=key, digest_size=16).digest()
            yield digest, records[index], targets[index], weights[index]
