"""The same generated images as records for this project and as JPEG files for its peer."""

from pathlib import Path

import numpy as np
import tensorflow as tf

from schemas.case_features import IMAGE, PATIENT_ID, PIXEL_MEAN, PIXEL_STD
from trainer.case_records import COMPRESSION

_COARSE_SIDE = 8


def write_images(folder: Path, *, count: int, side: int) -> str:
    """Writes `count` square images into a folder, as `00000.jpg`, ... and as one record file.

    The pictures are smooth colours with noise, which compress about as photographs do.

    Returns:
        The record file.
    """
    rng = np.random.default_rng(0)
    records = folder / "images.gz"
    with tf.io.TFRecordWriter(str(records), COMPRESSION) as writer:
        for index in range(count):
            encoded = tf.io.encode_jpeg(_image(rng, side), quality=95).numpy()
            (folder / f"{index:05d}.jpg").write_bytes(encoded)
            writer.write(_record(encoded, f"patient-{index}"))
    return str(records)


def _image(rng: np.random.Generator, side: int) -> np.ndarray:
    coarse = rng.uniform(0, 255, (_COARSE_SIDE, _COARSE_SIDE, 3))
    smooth = tf.image.resize(coarse, [side, side], method="bicubic").numpy()
    return np.clip(smooth + rng.normal(0, 8, smooth.shape), 0, 255).astype(np.uint8)


def _record(encoded: bytes, patient: str) -> bytes:
    features = {
        IMAGE: tf.train.Feature(bytes_list=tf.train.BytesList(value=[encoded])),
        PATIENT_ID: tf.train.Feature(bytes_list=tf.train.BytesList(value=[patient.encode()])),
        PIXEL_MEAN: tf.train.Feature(float_list=tf.train.FloatList(value=[0.5] * 3)),
        PIXEL_STD: tf.train.Feature(float_list=tf.train.FloatList(value=[0.25] * 3)),
    }
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()
