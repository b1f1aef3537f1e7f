"""The most confident errors of each site, with a picture: only where somebody asked for them."""

import base64
import heapq
import io
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import tensorflow as tf
from PIL import Image

from components.case_predictor import predictions
from components.case_predictor.predictions import PredictionCard, read_card
from schemas import case_features

_SPLITS = (case_features.TEST, case_features.SHIFTED)
_THUMBNAIL_PIXELS = 160
_MOST_HELD = 1000
"""Errors of a site and kind that are held before the less confident ones are let go."""

ErrorKind = Literal["confused", "missed", "false_alarm"]
KINDS: tuple[ErrorKind, ...] = get_args(ErrorKind)


@dataclass(frozen=True)
class ConfidentError:
    """A case that the model got wrong.

    Attributes:
        site: Of the case.
        case_id: Its pseudonym.
        kind: `confused` with another class; a finding `missed`, or marked by `false_alarm`.
        truth: Its class, or the finding that was missed; None where a finding is absent.
        predicted: The class or finding that the model named; None where it named none.
        score: Probability of the named class, of a finding its own.
        threshold: Of the finding; None where classes were confused.
        confidence: How sure the model was of its wrong answer, 0 to 1: the probability of the
            class it named; of a finding, how far its score lies from the threshold, as a share of
            the room on that side. What is missed lies below a threshold that is mostly low, so by
            the bare probability it would always look surer than a false alarm.
    """

    site: str
    case_id: str
    kind: ErrorKind
    truth: str | None
    predicted: str | None
    score: float
    threshold: float | None
    confidence: float


def confident_errors(predictions_uri: str, per_site: int) -> list[ConfidentError]:
    """Returns the errors on evaluated cases by site and kind, the most confident first.

    Args:
        predictions_uri: Of `CasePredictor`.
        per_site: How many of a site and kind at most.
    """
    card = read_card(predictions_uri)
    groups: dict[tuple[str, int], list[ConfidentError]] = defaultdict(list)
    files = sorted(str(file) for file in Path(predictions_uri).glob(predictions.RECORDS))
    for record in _records(files):
        if _text(record, predictions.SPLIT) in _SPLITS:
            for error in _errors(record, card):
                group = error.site, KINDS.index(error.kind)
                groups[group].append(error)
                if len(groups[group]) > _MOST_HELD + per_site:
                    groups[group] = _most_confident(groups[group], per_site)
    return [error for group in sorted(groups) for error in _most_confident(groups[group], per_site)]


def _most_confident(errors: list[ConfidentError], number: int) -> list[ConfidentError]:
    return heapq.nlargest(number, errors, key=lambda one: (one.confidence, one.case_id))


def thumbnails(examples_uri: str, errors: list[ConfidentError]) -> dict[str, str]:
    """Returns the first image of each case as a small `data:` address, by case.

    Args:
        examples_uri: Of the raw cases.
        errors: Whose cases to draw.
    """
    wanted = {error.case_id for error in errors}
    files = sorted(
        str(file)
        for split in _SPLITS
        for file in Path(examples_uri, f"Split-{split}").glob("*")
        if file.is_file()
    )
    return {
        _text(case, case_features.CASE_ID): _thumbnail(
            case.features.feature[case_features.IMAGE].bytes_list.value[0]
        )
        for case in _records(files)
        if _text(case, case_features.CASE_ID) in wanted
    }


def _errors(record: tf.train.Example, card: PredictionCard) -> Iterator[ConfidentError]:
    label, weight, score = (
        np.array(record.features.feature[name].float_list.value)
        for name in (predictions.LABEL, predictions.LABEL_WEIGHT, predictions.SCORE)
    )
    if not weight.any():
        return
    site, case_id = _text(record, predictions.SITE), _text(record, predictions.CASE_ID)
    if card.task == "multi_class":
        truth, named = int(label.argmax()), int(score.argmax())
        if truth != named:
            probability = float(score[named])
            yield ConfidentError(
                site=site,
                case_id=case_id,
                kind="confused",
                truth=card.classes[truth],
                predicted=card.classes[named],
                score=probability,
                threshold=None,
                confidence=probability,
            )
        return
    for index, name in enumerate(card.classes):
        threshold = card.operating_point[name]
        present, marked = label[index] > 0.5, score[index] >= threshold
        if weight[index] > 0 and present != marked:
            yield ConfidentError(
                site=site,
                case_id=case_id,
                kind="missed" if present else "false_alarm",
                truth=name if present else None,
                predicted=name if marked else None,
                score=float(score[index]),
                threshold=threshold,
                confidence=_beyond(float(score[index]), threshold),
            )


def _beyond(score: float, threshold: float) -> float:
    """Returns how far a score lies from a threshold, as a share of the room on its side."""
    room = threshold if score < threshold else 1 - threshold
    return abs(score - threshold) / room if room else 0.0


def _records(files: list[str]) -> Iterator[tf.train.Example]:
    dataset = tf.data.TFRecordDataset(files, compression_type="GZIP")
    for serialized in dataset.as_numpy_iterator():
        yield tf.train.Example.FromString(serialized)


def _text(record: tf.train.Example, name: str) -> str:
    return record.features.feature[name].bytes_list.value[0].decode()


def _thumbnail(encoded: bytes) -> str:
    with Image.open(io.BytesIO(encoded)) as image:
        small = image.convert("RGB")
    small.thumbnail((_THUMBNAIL_PIXELS, _THUMBNAIL_PIXELS))
    output = io.BytesIO()
    # A new file: nothing that the camera wrote beside the pixels comes along.
    small.save(output, "JPEG", quality=85)
    return "data:image/jpeg;base64," + base64.b64encode(output.getvalue()).decode()
