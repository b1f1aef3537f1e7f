"""Checkpoints that survive being killed at any moment."""

import hashlib
import json
import logging
import os
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

logger = logging.getLogger("micle.checkpoints")

_KEPT = 2
_NOTES = "notes"
_UNREADABLE = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)

Arrays = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class Checkpoint:
    """The state of a training after a step.

    Attributes:
        step: Steps done.
        arrays: Weights, optimizer state and what else the training keeps.
        notes: JSON values: history, best loss.
    """

    step: int
    arrays: Arrays
    notes: Mapping[str, Any]


class CheckpointDirectory:
    """The checkpoints of one training: the same settings and data, told by a fingerprint.

    Attributes:
        path: The folder, named by the fingerprint.
    """

    def __init__(self, directory: str, fingerprint: str) -> None:
        """Makes the folder `directory/fingerprint`."""
        self.path = Path(directory, fingerprint)
        self.path.mkdir(parents=True, exist_ok=True)

    def save(self, checkpoint: Checkpoint) -> None:
        """Writes a checkpoint, then removes all but the newest two.

        It appears under its name only when it is complete and on disk.
        """
        notes = np.frombuffer(json.dumps(dict(checkpoint.notes)).encode(), np.uint8)
        path = self.path / f"step-{checkpoint.step:010d}.npz"
        unfinished = path.with_suffix(".unfinished")
        with unfinished.open("wb") as file:
            np.savez(file, **checkpoint.arrays, **{_NOTES: notes})
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
        for old in self._newest_first()[_KEPT:]:
            old.unlink()

    def newest(self) -> Checkpoint | None:
        """Reads the newest checkpoint that is whole; None if there is none."""
        for path in self._newest_first():
            try:
                return _read(path)
            except _UNREADABLE as error:
                logger.warning("checkpoint %s is damaged and left out: %s", path.name, error)
        return None

    def _newest_first(self) -> list[Path]:
        return sorted(self.path.glob("step-*.npz"), reverse=True)


def _read(path: Path) -> Checkpoint:
    # Reading a member to its end compares its checksum.
    with np.load(path, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    notes = json.loads(arrays.pop(_NOTES).tobytes())
    return Checkpoint(int(path.stem.removeprefix("step-")), arrays, notes)


def values_of(name: str, variables: Sequence[keras.Variable]) -> dict[str, npt.NDArray[Any]]:
    """Copies variables into arrays named `name/0`, `name/1`, in their order."""
    return {
        f"{name}/{index}": keras.ops.convert_to_numpy(variable)
        for index, variable in enumerate(variables)
    }


def assign_values(name: str, variables: Sequence[keras.Variable], arrays: Arrays) -> None:
    """Gives variables the values that `values_of` copied."""
    for index, variable in enumerate(variables):
        variable.assign(arrays[f"{name}/{index}"])


def fingerprint(parts: Iterable[str]) -> str:
    """Returns SHA-256 (hexadecimal) of some texts; their order and borders count."""
    return hashlib.sha256(json.dumps(list(parts)).encode()).hexdigest()


def name_and_size(file: str) -> str:
    """Returns what tells a file of data from others, without reading it."""
    return f"{Path(file).name} {tf.io.gfile.stat(file).length}"


def weights_digest(model: keras.Model) -> str:
    """Returns SHA-256 (hexadecimal) of a model's weights."""
    digest = hashlib.sha256()
    for variable in model.variables:
        digest.update(keras.ops.convert_to_numpy(variable).tobytes())
    return digest.hexdigest()
