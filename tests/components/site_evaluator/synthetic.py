"""Synthetic predictions whose metrics an independent source can compute."""

from pathlib import Path

import numpy as np
import tensorflow as tf

from components.case_predictor.predictions import PredictionCard

SITES = ("north", "south", "east")


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


def make_cases(
    count: int,
    classes: int,
    multi_class: bool = False,
    cases_per_patient: int = 2,
    unknown_share: float = 0.1,
    seed: int = 0,
) -> dict[str, np.ndarray]:
    """Cases whose labels and scores agree within a patient more than between patients."""
    rng = np.random.default_rng(seed)
    patient = np.arange(count) // cases_per_patient
    difficulty = rng.normal(0, 1, (patient.max() + 1, classes))[patient]
    logit = difficulty + rng.normal(0, 0.5, (count, classes))
    noise = rng.normal(0, 0.7, (count, classes))
    if multi_class:
        label = np.eye(classes, dtype=np.float32)[logit.argmax(axis=1)]
        exponential = np.exp(logit + noise)
        score = exponential / exponential.sum(axis=1, keepdims=True)
        known = np.repeat(rng.random((count, 1)) >= unknown_share, classes, axis=1)
    else:
        label = (logit > 0.5).astype(np.float32)
        score = 1 / (1 + np.exp(-(logit + noise)))
        known = rng.random((count, classes)) >= unknown_share
    site = np.array(SITES)[patient % len(SITES)]
    return {
        "patient_id": np.array([f"p{index}" for index in patient]),
        "site": site,
        "split": np.where(site == "east", "shifted", "test"),
        "distribution": np.where(site == "east", "shifted", "in_distribution"),
        "sex": np.where(patient % 2, "female", "male"),
        "age_group": np.array(("18-39", "40-59", "60-79"))[patient % 3 - patient % 2],
        "image_count": np.where(np.arange(count) % 2, "single_image", "several_images"),
        "label": label * known,
        "label_weight": known.astype(np.float32),
        "score": score.astype(np.float32),
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
