"""The test cases that a model is checked with, and the scores that were evaluated."""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from components.case_predictor import predictions
from schemas import case_features
from trainer.errors import UserError

SPLITS = (case_features.TEST, case_features.SHIFTED)


@dataclass(frozen=True)
class Canary:
    """Cases and their scores.

    Attributes:
        cases: Serialized raw case examples.
        scores: float64 [cases, classes], as evaluated.
    """

    cases: tuple[bytes, ...]
    scores: npt.NDArray[np.float64]


def choose_canary(case_files: Iterable[str], predictions_directory: str, count: int) -> Canary:
    """Chooses cases by their pseudonyms: the same each time, and as good as drawn.

    Args:
        case_files: Record files of raw cases of the test and shifted splits.
        predictions_directory: Of `CasePredictor`, on the same cases.
        count: Most cases to choose.

    Raises:
        UserError: There is no case, or one of them has no prediction.
    """
    keyed = ((_text(raw, case_features.CASE_ID), raw) for raw in _records(case_files))
    chosen = dict(heapq.nsmallest(count, keyed))
    if not chosen:
        raise UserError("There is no case in the test or shifted split to check the model with.")
    files = [Path(predictions_directory, f"predictions-{split}.gz") for split in SPLITS]
    scores = {}
    for record in _records(str(path) for path in files if path.is_file()):
        case_id = _text(record, predictions.CASE_ID)
        if case_id in chosen:
            scores[case_id] = _scores(record)
    if len(scores) < len(chosen):
        raise UserError(
            f"{predictions_directory}: {len(chosen) - len(scores)} test cases have no prediction. "
            "Score the cases again."
        )
    return Canary(tuple(chosen.values()), np.array([scores[case_id] for case_id in chosen]))


def _records(files: Iterable[str]) -> Iterator[bytes]:
    for file in files:
        yield from tf.data.TFRecordDataset(file, compression_type="GZIP").as_numpy_iterator()


def _text(record: bytes, name: str) -> str:
    feature = tf.train.Example.FromString(record).features.feature[name]
    return feature.bytes_list.value[0].decode()


def _scores(record: bytes) -> list[float]:
    feature = tf.train.Example.FromString(record).features.feature[predictions.SCORE]
    return list(feature.float_list.value)
