"""The record files of an Examples artifact."""

import hashlib

import tensorflow as tf
from tfx import types
from tfx.types import artifact_utils

from trainer.errors import UserError


def has_splits(examples: types.Artifact, *splits: str) -> bool:
    """Says whether an Examples artifact has all of some splits."""
    return set(splits) <= set(artifact_utils.decode_split_names(examples.split_names))


def split_files(examples: types.Artifact, split: str) -> list[str]:
    """Returns the record files of one split, sorted.

    Raises:
        UserError: The split is not there: no case fell into it.
    """
    splits = artifact_utils.decode_split_names(examples.split_names)
    if split not in splits:
        raise UserError(
            f"There is no case in the {split} split (there are: {', '.join(splits)}). "
            "Give it a larger share, or add cases."
        )
    return sorted(tf.io.gfile.glob(artifact_utils.get_split_uri([examples], split) + "/*"))


def records_fingerprint(files: list[str]) -> str:
    """Returns SHA-256 over the bytes of the files, in their order."""
    digest = hashlib.sha256()
    for name in files:
        with tf.io.gfile.GFile(name, "rb") as file:
            while block := file.read(2**20):
                digest.update(block)
    return digest.hexdigest()
