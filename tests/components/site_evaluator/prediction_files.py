"""Writes cases as `CasePredictor` would."""

from pathlib import Path

import numpy as np
import tensorflow as tf

from components.case_predictor.predictions import PredictionCard


def make_card(
    task: str = "multi_label",
    classes: tuple[str, ...] = ("edema", "effusion"),
    threshold: float = 0.5,
) -> PredictionCard:
    return PredictionCard(
        model_name="MICLe",
        model_digest="0" * 64,
        task=task,
        classes=classes,
        operating_point=dict.fromkeys(classes, threshold),
        operating_point_rule="Youden index on validation",
        label_fraction=1.0,
        label_cases=100,
        seed=0,
        pretraining=(),
    )


def write_predictions(
    directory: Path, cases: dict[str, np.ndarray], card: PredictionCard, files: int = 1
) -> str:
    directory.mkdir(parents=True, exist_ok=True)
    card.write(str(directory))
    for shard in range(files):
        path = directory / f"predictions-{shard:05d}-of-{files:05d}.gz"
        with tf.io.TFRecordWriter(str(path), tf.io.TFRecordOptions("GZIP")) as writer:
            for index in range(shard, len(cases["site"]), files):
                writer.write(_example(cases, index))
    return str(directory)


def _example(cases: dict[str, np.ndarray], index: int) -> bytes:
    feature = {"case_id": _bytes(f"c{index}")}
    for name, values in cases.items():
        value = values[index]
        feature[name] = _bytes(value) if isinstance(value, str) else _floats(value)
    return tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString()


def _bytes(value: str) -> tf.train.Feature:
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value.encode()]))


def _floats(value: np.ndarray) -> tf.train.Feature:
    return tf.train.Feature(float_list=tf.train.FloatList(value=value))
