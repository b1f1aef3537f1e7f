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


def binormal_cases(
    sites: tuple[str, ...],
    cases: int,
    *,
    prevalence: float,
    separation: float,
    separation_at_east: float,
) -> dict[str, np.ndarray]:
    """Cases of two findings at several sites, of which `east` is held out; two cases a patient.

    Scores are binormal: positives N(separation, 1), negatives N(0, 1) on the logit scale.
    """
    random = np.random.default_rng(5)
    site = np.repeat(sites, cases)
    is_east = site == "east"
    label = (random.random((len(site), 2)) < prevalence).astype(np.float32)
    distance = np.where(is_east, separation_at_east, separation)[:, None]
    logit = random.normal(size=label.shape) + distance * label
    number = np.arange(len(site))
    return {
        "patient_id": np.array([f"p{patient}" for patient in number // 2]),
        "site": site,
        "split": np.where(is_east, "shifted", "test"),
        "distribution": np.where(is_east, "shifted", "in_distribution"),
        "sex": np.where(number % 4 < 2, "female", "male"),
        "age_group": np.full(len(site), "40-59"),
        "image_count": np.full(len(site), "single_image"),
        "view": np.full(len(site), "PA"),
        "label": label,
        "label_weight": np.ones_like(label),
        "score": (1 / (1 + np.exp(1 - logit))).astype(np.float32),
    }


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
