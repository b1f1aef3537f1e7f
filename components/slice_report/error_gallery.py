"""The most confident errors of each site, with a picture: only where somebody asked for them."""

import base64
import heapq
import io
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image

from components.case_predictor import predictions
from components.case_predictor.predictions import PredictionCard, read_card
from schemas import case_features

_SPLITS = (case_features.TEST, case_features.SHIFTED)
_THUMBNAIL_PIXELS = 160
_MOST_HELD = 1000
"""Errors of a site that are held before the less confident ones are let go."""


@dataclass(frozen=True)
class ConfidentError:
    """A case that the model got wrong.

    Attributes:
        site: Of the case.
        case_id: Its pseudonym.
        truth: Its class, or the finding that was missed; None where a finding is absent.
        predicted: The class or finding that the model named; None where it named none.
        score: Probability of the named class, of a finding its own.
        confidence: How sure the model was of its wrong answer, 0 to 1.
    """

    site: str
    case_id: str
    truth: str | None
    predicted: str | None
    score: float
    confidence: float


def confident_errors(predictions_uri: str, per_site: int) -> list[ConfidentError]:
    """Returns the errors on evaluated cases, the most confident first, so many a site at most.

    Args:
        predictions_uri: Of `CasePredictor`.
        per_site: How many.
    """
    card = read_card(predictions_uri)
    by_site: dict[str, list[ConfidentError]] = defaultdict(list)
    files = sorted(str(file) for file in Path(predictions_uri).glob(predictions.RECORDS))
    for record in _records(files):
        if _text(record, predictions.SPLIT) in _SPLITS:
            for error in _errors(record, card):
                by_site[error.site].append(error)
                if len(by_site[error.site]) > _MOST_HELD + per_site:
                    by_site[error.site] = _most_confident(by_site[error.site], per_site)
    return [error for site in sorted(by_site) for error in _most_confident(by_site[site], per_site)]


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
                site, case_id, card.classes[truth], card.classes[named], probability, probability
            )
        return
    for index, name in enumerate(card.classes):
        present, marked = label[index] > 0.5, score[index] >= card.operating_point[name]
        if weight[index] > 0 and present != marked:
            yield ConfidentError(
                site,
                case_id,
                name if present else None,
                name if marked else None,
                float(score[index]),
                float(abs(score[index] - label[index])),
            )


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
