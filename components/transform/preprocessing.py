"""The `preprocessing_fn` of the Transform component: training and serving share its graph.

Each image is decoded, brought to one square size and re-encoded; the statistics of the pixels of
images to train on (`analysed_files.py`) come along with every case.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import tensorflow as tf
import tensorflow_transform as tft

from components.transform.pixel_sums import pixel_sums
from components.transform.squares import decode_square, encode_square
from schemas import case_features


@dataclass(frozen=True)
class TransformSettings:
    """How cases become what a network reads.

    Attributes:
        image_size: Side of the square image, pixels.
        fit: `pad` keeps the whole image on a black square; `crop` keeps its central square.
        task: Of the data set.
        classes: Class names or findings, in the order of their indices.
    """

    image_size: int
    fit: Literal["pad", "crop"]
    task: Literal["multi_class", "multi_label", "unlabelled"]
    classes: tuple[str, ...]


def preprocessing_fn(inputs: Mapping[str, Any], custom_config: Mapping[str, Any]) -> dict[str, Any]:
    """Transforms raw case examples (schemas/case.pbtxt) into transformed ones.

    Args:
        inputs: Ragged or dense batched tensors by feature name; `image` is ragged string [n, M].
        custom_config: `settings`: JSON text of `TransformSettings`.

    Returns:
        `image`, `view` and `visit`: sparse string [n, M], the images as JPEGs of one size;
        `label` int64 [n, 1], or `finding_value` and `finding_weight` float32 [n, findings];
        `pixel_mean` and `pixel_std` float32 [n, 3]; the identifiers and slice features as they are.
    """
    settings = TransformSettings(**json.loads(custom_config["settings"]))
    images = inputs[case_features.IMAGE]
    encoded = transform_images(images.flat_values, settings.image_size, settings.fit)
    mean, std = _pixel_statistics(images.flat_values, settings.image_size, settings.fit)
    cases = tf.shape(inputs[case_features.CASE_ID])[0]
    outputs = {
        # Sparse, because Transform writes a ragged tensor under another feature name.
        case_features.IMAGE: images.with_flat_values(encoded).to_sparse(),
        case_features.VIEW: inputs[case_features.VIEW].to_sparse(),
        case_features.VISIT: inputs[case_features.VISIT].to_sparse(),
        case_features.PIXEL_MEAN: tf.tile(mean[tf.newaxis], [cases, 1]),
        case_features.PIXEL_STD: tf.tile(std[tf.newaxis], [cases, 1]),
    }
    for name in ("CASE_ID", "PATIENT_ID", "SITE", "SEX", "AGE_GROUP"):
        feature = getattr(case_features, name)
        outputs[feature] = inputs[feature]
    return outputs | _labels(inputs, settings, cases)


def transform_images(images: tf.Tensor, image_size: int, fit: str) -> tf.Tensor:
    """Brings images to one size; holds the pixels of one image at a time.

    Args:
        images: String [m], encoded.
        image_size: Pixels.
        fit: `pad` or `crop`.

    Returns:
        JPEGs, string [m].
    """
    return tf.map_fn(
        lambda encoded: encode_square(decode_square(encoded, image_size, fit)),
        images,
        fn_output_signature=tf.TensorSpec([], tf.string),
    )


def _pixel_statistics(images: tf.Tensor, image_size: int, fit: str) -> tuple[tf.Tensor, tf.Tensor]:
    """Mean and standard deviation, float32 [3] each, over all pixels of the analysed images.

    The sums are whole numbers, so that they do not depend on how Beam batches the images: a last
    digit that differs would send training another way.
    """
    per_image = tf.map_fn(
        lambda encoded: pixel_sums(encoded, image_size, fit),
        images,
        fn_output_signature=tf.TensorSpec([2, 3], tf.int64),
    )
    sums = tft.sum(per_image, reduce_instance_dims=False)
    count = tft.sum(tf.ones_like(images, tf.int64)) * image_size**2
    moments = tf.cast(sums, tf.float64) / tf.cast(count, tf.float64)
    mean = moments[0] / 255.0
    variance = moments[1] / 255.0**2 - mean**2
    return tf.cast(mean, tf.float32), tf.cast(tf.sqrt(tf.maximum(variance, 1e-6)), tf.float32)


def _labels(
    inputs: Mapping[str, Any], settings: TransformSettings, cases: tf.Tensor
) -> dict[str, tf.Tensor]:
    if settings.task == "multi_class":
        table = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(
                list(settings.classes), list(range(len(settings.classes))), tf.string, tf.int64
            ),
            default_value=case_features.UNLABELLED,
        )
        names = inputs[case_features.LABEL].to_tensor(default_value="", shape=[None, 1])
        # An unlabelled batch has no column at all, so the number of cases is stated.
        return {case_features.LABEL: tf.reshape(table.lookup(names), [cases, 1])}
    if settings.task == "multi_label":
        shape = [None, len(settings.classes)]
        return {
            name: inputs[name].to_tensor(default_value=0.0, shape=shape)
            for name in (case_features.FINDING_VALUE, case_features.FINDING_WEIGHT)
        }
    return {}
