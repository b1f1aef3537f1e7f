"""Reads raw cases, scores them, writes predictions with their card."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from tfx import types
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.types import artifact_utils
from tfx.utils import path_utils

from components.absent_model import read_absent
from components.case_predictor import predictions
from components.case_predictor.predictions import PredictionCard
from components.case_predictor.scoring import CaseScorer, score_cases
from components.fine_tuner.model_card import (
    ModelCard,
    model_digest,
    read_frozen_on,
    read_model_card,
)
from schemas import case_features


class Executor(BaseExecutor):
    """Executor of `CasePredictor`."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes `predictions-*.gz` and `predictions.json`, or that there is no model."""
        examples = artifact_utils.get_single_instance(input_dict["examples"])
        model = artifact_utils.get_single_instance(input_dict["model"])
        output = artifact_utils.get_single_instance(output_dict["predictions"])
        absent = read_absent(model.uri)
        if absent is not None:
            absent.write(output.uri)
            return
        saved_model = path_utils.serving_model_path(model.uri)
        card = read_model_card(saved_model)
        Path(output.uri).mkdir(parents=True, exist_ok=True)
        scorer = CaseScorer(saved_model)
        wanted = json.loads(exec_properties["splits"])
        for split in artifact_utils.decode_split_names(examples.split_names):
            if split in wanted:
                directory = artifact_utils.get_split_uri([examples], split)
                _predict_split(scorer, split, directory, output.uri, card, exec_properties)
        _prediction_card(card, saved_model).write(output.uri)


def _predict_split(
    scorer: CaseScorer,
    split: str,
    directory: str,
    output: str,
    card: ModelCard,
    exec_properties: dict[str, Any],
) -> None:
    files = sorted(tf.io.gfile.glob(f"{directory}/*"))
    total = sum(1 for _ in _read(files))
    path = str(Path(output, f"predictions-{split}.gz"))
    with tf.io.TFRecordWriter(path, tf.io.TFRecordOptions(compression_type="GZIP")) as writer:
        for serialized, scores in score_cases(
            scorer, _read(files), bytes, total, exec_properties["batch_size"]
        ):
            case = tf.train.Example.FromString(serialized)
            record = prediction_record(case, split, scores, card)
            writer.write(record.SerializeToString(deterministic=True))


def _read(files: list[str]) -> Iterator[bytes]:
    yield from tf.data.TFRecordDataset(files, compression_type="GZIP").as_numpy_iterator()


def prediction_record(
    case: tf.train.Example, split: str, scores: npt.NDArray[np.float32], card: ModelCard
) -> tf.train.Example:
    """Builds the record of one case, in the features of predictions.py.

    Args:
        case: Raw case example.
        split: Where it comes from.
        scores: float32 [classes].
        card: Of the model.
    """
    shifted = split == case_features.SHIFTED
    several = len(case.features.feature[case_features.IMAGE].bytes_list.value) > 1
    labels, weights = _labels(case, card)
    record = tf.train.Example()
    for name in ("CASE_ID", "PATIENT_ID", "SITE", "SEX", "AGE_GROUP"):
        source = case.features.feature[getattr(case_features, name)]
        record.features.feature[getattr(predictions, name)].CopyFrom(source)
    views = case.features.feature[case_features.VIEW].bytes_list.value
    texts = {
        predictions.VIEW: " + ".join(sorted({view.decode() for view in views})),
        predictions.SPLIT: split,
        predictions.DISTRIBUTION: split if shifted else predictions.IN_DISTRIBUTION,
        predictions.IMAGE_COUNT: "several_images" if several else "single_image",
    }
    for pair in case.features.feature[case_features.CASE_FEATURE].bytes_list.value:
        name, _, value = pair.decode().partition("=")
        texts[name] = value
    for name, text in texts.items():
        record.features.feature[name].bytes_list.value.append(text.encode())
    vectors = {
        predictions.LABEL: labels,
        predictions.LABEL_WEIGHT: weights,
        predictions.SCORE: scores.tolist(),
    }
    for name, vector in vectors.items():
        record.features.feature[name].float_list.value.extend(vector)
    return record


def _labels(case: tf.train.Example, card: ModelCard) -> tuple[list[float], list[float]]:
    features = case.features.feature
    if card.task == "multi_label":
        return (
            list(features[case_features.FINDING_VALUE].float_list.value),
            list(features[case_features.FINDING_WEIGHT].float_list.value),
        )
    names = [name.decode() for name in features[case_features.LABEL].bytes_list.value]
    labels = [float(name in names) for name in card.classes]
    return labels, [float(bool(names))] * len(card.classes)


def _prediction_card(card: ModelCard, saved_model: str) -> PredictionCard:
    return PredictionCard(
        **dataclasses.asdict(card),
        model_digest=model_digest(saved_model),
        operating_point_frozen_on=read_frozen_on(saved_model),
    )
