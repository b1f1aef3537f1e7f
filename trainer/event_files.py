"""Scalars in TensorBoard's event files, that survive a stopped training without doubles."""

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path

import tensorflow as tf

logger = logging.getLogger("micle.event_files")

_PATTERN = "events.out.tfevents.*"
_EARLIER = "events.out.tfevents.0.earlier"
"""TensorBoard reads files by name; those of a writer are named by seconds, so this comes first."""


class EventFiles:
    """The event files of one training, in a folder of their own."""

    def __init__(self, directory: Path, *, after_step: int) -> None:
        """Opens the folder, made if need be.

        Args:
            directory: Of the event files.
            after_step: Events of later steps come again, and are removed.
        """
        directory.mkdir(parents=True, exist_ok=True)
        _keep_until(directory, after_step)
        self._writer = tf.summary.create_file_writer(str(directory))

    def write(self, step: int, values: Mapping[str, float]) -> None:
        """Writes scalars by their tags; they are in the file when this returns."""
        with self._writer.as_default(step):
            for tag, value in values.items():
                tf.summary.scalar(tag, value)
        self._writer.flush()

    def close(self) -> None:
        """Closes the file."""
        self._writer.close()


def _keep_until(directory: Path, step: int) -> None:
    """Gathers the events up to a step in one file, and removes the others."""
    files = sorted(directory.glob(_PATTERN))
    if not files:
        return
    records = [record for file in files for record in _records(file) if _step(record) <= step]
    unfinished = directory / "unfinished"
    with tf.io.TFRecordWriter(str(unfinished)) as writer:
        # A kill between the next lines leaves events in two files: the same bytes, once kept.
        for record in dict.fromkeys(records):
            writer.write(record)
    unfinished.replace(directory / _EARLIER)
    for file in files:
        if file.name != _EARLIER:
            file.unlink()


def _records(file: Path) -> Iterator[bytes]:
    """Yields serialised events up to the first one that a kill left torn."""
    try:
        for record in tf.data.TFRecordDataset(str(file)):
            yield record.numpy()
    except tf.errors.DataLossError:
        logger.warning("%s ends in the middle of an event, which is left out", file.name)


def _step(record: bytes) -> int:
    return int(tf.compat.v1.Event.FromString(record).step)
