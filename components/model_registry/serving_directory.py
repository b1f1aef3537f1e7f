"""The folder that TensorFlow Serving watches: a numbered sub-folder per version, highest wins."""

import contextlib
import fcntl
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from components.fine_tuner.model_card import model_digest


def newest_version(serving: Path) -> Path | None:
    """Returns the folder of the version that is served; None if there is none."""
    versions = [path for path in serving.glob("*") if path.name.isdigit()]
    return max(versions, key=lambda path: int(path.name), default=None)


def next_version(serving: Path) -> int:
    """Returns the number of a new version: the time, as TFX's Pusher has it, above all others."""
    newest = newest_version(serving)
    return max(int(time.time()), 0 if newest is None else int(newest.name) + 1)


@contextlib.contextmanager
def serving_lock(serving: Path) -> Iterator[None]:
    """Holds a lock on a serving directory, which is made if need be."""
    serving.mkdir(parents=True, exist_ok=True)
    with (serving / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def publish(saved_model: Path, serving: Path, model: str) -> Path:
    """Makes a model the newest version, whole or not at all; does nothing if it is that already.

    Numbered by time, as TFX's Pusher does, and above every version that is there.

    Args:
        saved_model: Directory to copy.
        serving: Made if need be.
        model: Its digest.

    Returns:
        The version's folder.
    """
    newest = newest_version(serving)
    if newest is not None and model_digest(str(newest)) == model:
        return newest
    version = serving / str(next_version(serving))
    copy_whole(saved_model, version)
    return version


def copy_whole(source: Path, target: Path) -> None:
    """Copies a directory; under its name it is there whole or not at all."""
    # TensorFlow Serving takes no notice of a folder whose name is no number.
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(source, partial)
    partial.rename(target)
