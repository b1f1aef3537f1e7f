"""Which files of the training split the statistics of the pixels are taken from."""

import tensorflow as tf

from components.record_transforms import matching_files, read_records
from schemas import case_features

ANALYSED_IMAGES = 5_000
"""Enough for the mean of the pixels within one level of 255, whatever the size of the split."""


def analysed_files(pattern: str) -> list[str]:
    """Returns the first files that hold about `ANALYSED_IMAGES` images together, or all.

    CaseExampleGen draws a case's file by a hash, so any files are a random sample of the cases,
    and of about one size: the images of the first tell how many files are needed. Names and
    contents of the files do not depend on the number of workers, nor does the sample.

    Args:
        pattern: Of the files' names.
    """
    files = matching_files(pattern)
    if len(files) < 2:
        return files
    images = max(sum(map(_images, read_records(files[0]))), 1)
    return files[: -(-ANALYSED_IMAGES // images)]


def _images(serialized: bytes) -> int:
    features = tf.train.Example.FromString(serialized).features.feature
    return len(features[case_features.IMAGE].bytes_list.value)
