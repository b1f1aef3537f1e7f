"""Reading gzipped records of transformed cases and pairs."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import tensorflow as tf

from schemas.case_features import IMAGE, PIXEL_MEAN, PIXEL_STD
from trainer.errors import UserError

COMPRESSION = "GZIP"


@dataclass(frozen=True)
class PixelStatistics:
    """What the records of one data set say about all its images.

    Attributes:
        mean: Of red, green, blue over all training pixels in [0, 1].
        std: Standard deviation of the same.
        image_size: Side of the square images, pixels.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    image_size: int


def read_pixel_statistics(files: Sequence[str]) -> PixelStatistics:
    """Reads the statistics that each record carries from the first one.

    Raises:
        UserError: There is no record.
    """
    for record in tf.data.TFRecordDataset(list(files), COMPRESSION).take(1):
        example = tf.io.parse_single_example(
            record,
            {
                IMAGE: tf.io.RaggedFeature(tf.string),
                PIXEL_MEAN: tf.io.FixedLenFeature([3], tf.float32),
                PIXEL_STD: tf.io.FixedLenFeature([3], tf.float32),
            },
        )
        return PixelStatistics(
            mean=tuple(example[PIXEL_MEAN].numpy().tolist()),
            std=tuple(example[PIXEL_STD].numpy().tolist()),
            image_size=int(tf.io.decode_jpeg(example[IMAGE][0]).shape[0]),
        )
    names = ", ".join(Path(file).name for file in files) or "no file at all"
    raise UserError(f"{names}: no record to train on. Look at what the step before kept, and why.")


def check_image_size(statistics: PixelStatistics, image_size: int) -> None:
    """Compares the side of the records' images with the encoder's.

    Raises:
        UserError: They differ.
    """
    if statistics.image_size != image_size:
        raise UserError(
            f"image_size: the encoder expects {image_size} pixels, the records hold "
            f"{statistics.image_size}. Give both the same image_size."
        )


def decode_image(encoded: tf.Tensor) -> tf.Tensor:
    """Decodes one JPEG to uint8 [side, side, 3]; the same in training and in serving."""
    return tf.io.decode_jpeg(encoded, channels=3)


def to_unit_range(images: tf.Tensor) -> tf.Tensor:
    """Converts uint8 pixels to float32 in [0, 1]."""
    return tf.cast(images, tf.float32) / 255.0


def shuffled_files(files: tf.Tensor, seed: tf.Tensor) -> tf.data.Dataset:
    """Returns the serialised records of the files, file after file in an order drawn by seed."""
    order = tf.random.experimental.stateless_shuffle(files, seed)
    return tf.data.TFRecordDataset(order, COMPRESSION)


def shuffle(dataset: tf.data.Dataset, buffer_size: int, seed: tf.Tensor) -> tf.data.Dataset:
    """Shuffles within a buffer; `seed`, int64 [2], decides the order."""
    number = tf.random.stateless_uniform([], seed, minval=None, maxval=None, dtype=tf.int64)
    return dataset.shuffle(buffer_size, seed=number, reshuffle_each_iteration=False)


def mixed(
    datasets: Sequence[tf.data.Dataset], sizes: tf.Tensor, seed: tf.Tensor
) -> tf.data.Dataset:
    """Streams several data sets as one, each all along its length; `seed` is as of `shuffle`.

    Args:
        datasets: Of the same elements.
        sizes: How many elements each has.
        seed: Int64 [2].
    """
    number = tf.random.stateless_uniform([], seed, minval=None, maxval=None, dtype=tf.int64)
    # A data set of no share would never be asked whether it has an end.
    shares = tf.cast(tf.maximum(sizes, 1), tf.float64)
    return tf.data.Dataset.sample_from_datasets(
        datasets, weights=shares / tf.reduce_sum(shares), seed=number
    )


def cores() -> int:
    """Returns how many cores this process may use: elements to make at a time."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def deterministic(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """Forbids a data set to trade its order for speed, and reads ahead.

    TensorFlow's tuning of its parallelism is off. Whoever drops an iterator waits for the thread
    that tunes, which sleeps for up to a minute and may miss the call that should wake it: seen in
    half of the cases on one busy core (TensorFlow 2.16). A training would end, or obey SIGTERM, a
    minute late.
    """
    options = tf.data.Options()
    options.deterministic = True
    options.autotune.enabled = False
    return dataset.prefetch(2).with_options(options)
