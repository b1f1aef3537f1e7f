"""Where a registry lies: a folder, or a bucket of S3, Google Cloud or Azure."""

import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from trainer.errors import UserError

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/.*")
_FORMER_LOG = "log.jsonl"
_BUCKET_SCHEMES = ("s3://", "gs://", "az://")


class Storage(Protocol):
    """Named files, written once and whole. Names are relative, with slashes.

    Attributes:
        location: Folder or URL, as shown to a person.
    """

    location: str

    def names(self, folder: str) -> list[str]:
        """Returns the names of what lies in a folder, sorted; none if there is no such folder."""

    def read(self, names: Sequence[str]) -> list[bytes | None]:
        """Returns the content of files; None for one that is not there."""

    def create(self, name: str, content: bytes) -> bool:
        """Writes a file that is there whole or not at all; False, and nothing done, if it exists.

        Of several who create the same file at a time exactly one is told True.
        """

    def store_folder(self, name: str, source: Path) -> None:
        """Stores a folder of files. What is there under this name already has the same content."""

    def folder(self, name: str) -> AbstractContextManager[Path]:
        """Gives a stored folder as a local path, to be read; without files if there is none."""


def is_bucket(location: str) -> bool:
    """Says whether a location is a bucket rather than a folder."""
    return location.startswith(_BUCKET_SCHEMES)


def location_misfit(location: str) -> str | None:
    """Returns why no registry can lie at a location; None if one can."""
    if is_bucket(location) or not _URL.fullmatch(location):
        return None
    return f"{location}: must be a folder or a bucket: {', '.join(_BUCKET_SCHEMES)}"


def open_storage(location: str) -> Storage:
    """Returns the storage at a folder or a URL of a bucket.

    Raises:
        UserError: It is a URL of another kind or of no bucket, or a folder with a log of before.
    """
    misfit = location_misfit(location)
    if misfit is not None:
        raise UserError(f"{misfit}.")
    if is_bucket(location):
        from components.model_registry.bucket_storage import BucketStorage

        return BucketStorage.at(location)
    from components.model_registry.directory_storage import DirectoryStorage

    directory = Path(location)
    if (directory / _FORMER_LOG).is_file():
        raise UserError(
            f"{directory / _FORMER_LOG}: a log is a file an entry now. Once, in that folder: "
            f"mkdir log && split --lines=1 --numeric-suffixes=1 --suffix-length=8 "
            f"--additional-suffix=.json {_FORMER_LOG} log/ && rm {_FORMER_LOG}"
        )
    return DirectoryStorage(directory)
