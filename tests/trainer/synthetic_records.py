"""Small synthetic records for the trainer's tests."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

MEAN = (0.5, 0.4, 0.3)
STD = (0.25, 0.2, 0.15)


def jpeg(image: np.ndarray) -> bytes:
    return tf.io.encode_jpeg(image, quality=95).numpy()


def textured_image(kind: int, rng: np.random.Generator, side: int = 16) -> np.ndarray:
    """Stripes, horizontal for kind 0 and vertical for kind 1, on noise."""
    stripes = np.tile(np.where(np.arange(side) // 2 % 2, 200, 50), (side, 1))
    image = stripes if kind else stripes.T
    noise = rng.normal(0, 10, (side, side, 3))
    return np.clip(image[..., None] + noise, 0, 255).astype(np.uint8)


def _bytes(values: Sequence[bytes]) -> tf.train.Feature:
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))


def _floats(values: Sequence[float]) -> tf.train.Feature:
    return tf.train.Feature(float_list=tf.train.FloatList(value=values))


def example(
    images: Sequence[np.ndarray],
    case_id: str,
    patient_id: str,
    *,
    label: int | None = None,
    findings: Sequence[float] | None = None,
    weights: Sequence[float] | None = None,
) -> bytes:
    features = {
        "image": _bytes([jpeg(image) for image in images]),
        "case_id": _bytes([case_id.encode()]),
        "patient_id": _bytes([patient_id.encode()]),
        "pixel_mean": _floats(MEAN),
        "pixel_std": _floats(STD),
    }
    if label is not None:
        features["label"] = tf.train.Feature(int64_list=tf.train.Int64List(value=[label]))
    if findings is not None:
        features["finding_value"] = _floats(findings)
        features["finding_weight"] = _floats(weights or [1.0] * len(findings))
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()


def write_records(path: Path, records: Sequence[bytes]) -> str:
    with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
        for record in records:
            writer.write(record)
    return str(path)
