"""What changes from one model's stored predictions to another's, without TFMA or Beam.

The gate's champion is counted by TFMA (`reclassification_metric`); this is for two finished runs,
whose predictions are read once, side by side. The sums are the same.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from components.case_predictor.predictions import (
    LABEL,
    LABEL_WEIGHT,
    PATIENT_ID,
    RECORDS,
    SCORE,
    SPLIT,
    PredictionCard,
    read_card,
)
from components.site_evaluator.evaluation import EVALUATED_SPLITS
from components.site_evaluator.paired_predictions import (
    CANDIDATE_SCORE,
    joined_cases,
    paired_files,
)
from components.site_evaluator.reclassification import Reclassification
from components.site_evaluator.resampling import patient_key
from components.site_evaluator.results import Reclassified, Slice
from schemas.case_features import TEST
from trainer.errors import UserError

_CASES_AT_ONCE = 4096

Changes = Mapping[str, Mapping[str, Reclassified]]


def changes_between(
    predictions_uri: str, candidate_uri: str, slices: Iterable[Slice], seed: int
) -> dict[Slice, Changes]:
    """Returns per slice, way of naming a class and class what the candidate changes.

    Args:
        predictions_uri: Of the model that is held against.
        candidate_uri: Of the other one, which answers the same question.
        slices: Of the evaluated cases.
        seed: Of the bootstrap of both evaluations.

    Raises:
        OtherCasesError: The two were not scored on the same cases.
        UserError: The predictions are no longer there.
    """
    if not list(Path(predictions_uri).glob(RECORDS)):
        raise UserError(f"{predictions_uri}: no file {RECORDS}. Run 'micle run' again.")
    cards = read_card(predictions_uri), read_card(candidate_uri)
    way = _way(*cards)
    sums = {key: way.empty() for key in slices}
    for cases in _batches(predictions_uri, candidate_uri):
        packed = np.concatenate([_packed(case, way) for case in cases])
        for key, counted in sums.items():
            inside = np.array([_is_in(case, key) for case in cases])
            if inside.any():
                counted.add(packed[inside], seed)
    classes = cards[0].classes
    return {key: counted.results(way.criteria, classes) for key, counted in sums.items()}


def _way(card: PredictionCard, candidate: PredictionCard) -> Reclassification:
    points = [[model.operating_point[name] for name in card.classes] for model in (card, candidate)]
    return Reclassification(np.array(points, np.float64), card.task == "multi_class")


def _batches(predictions_uri: str, candidate_uri: str) -> Iterator[list[tf.train.Example]]:
    """Yields the evaluated cases that have a known label."""
    evaluated = {split.encode() for split in EVALUATED_SPLITS[TEST]}
    for files in paired_files(predictions_uri, candidate_uri):
        cases = (
            case
            for case in joined_cases(files)
            if _word(case, SPLIT) in evaluated and any(_numbers(case, LABEL_WEIGHT) > 0)
        )
        while batch := list(islice(cases, _CASES_AT_ONCE)):
            yield batch


def _packed(case: tf.train.Example, way: Reclassification) -> npt.NDArray[np.void]:
    packed = np.empty(1, way.record_type)
    packed["patient"] = patient_key(_word(case, PATIENT_ID))
    packed["known"] = _numbers(case, LABEL_WEIGHT) > 0
    packed["present"] = _numbers(case, LABEL) > 0.5
    packed["named"] = way.named(np.stack([_numbers(case, SCORE), _numbers(case, CANDIDATE_SCORE)]))
    return packed


def _is_in(case: tf.train.Example, key: Slice) -> bool:
    return all(_word(case, feature) == value.encode() for feature, value in key)


def _word(case: tf.train.Example, name: str) -> bytes:
    value: bytes = case.features.feature[name].bytes_list.value[0]
    return value


def _numbers(case: tf.train.Example, name: str) -> npt.NDArray[np.float32]:
    return np.array(case.features.feature[name].float_list.value, np.float32)
