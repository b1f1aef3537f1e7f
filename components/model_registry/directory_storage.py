"""A registry's files in a folder: local, or on NFS."""

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from trainer.errors import UserError


class DirectoryStorage:
    """Files in a folder on a file system with hard links; see `Storage`."""

    def __init__(self, directory: Path) -> None:
        self.location = str(directory)
        self._directory = directory

    def exists(self) -> bool:
        """Says whether there is such a folder."""
        return self._directory.is_dir()

    def names(self, folder: str) -> list[str]:
        """Returns the names in a folder, sorted, without hidden ones."""
        found = (path.name for path in (self._directory / folder).glob("*"))
        return sorted(name for name in found if not name.startswith("."))

    def read(self, names: Sequence[str]) -> list[bytes | None]:
        """Returns the content of files; None for one that is not there."""
        paths = (self._directory / name for name in names)
        return [path.read_bytes() if path.is_file() else None for path in paths]

    def create(self, name: str, content: bytes) -> bool:
        """Writes a file to the disk unless there is one; see `Storage`.

        Raises:
            UserError: The file system has no hard links.
        """
        path = self._directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = _partial(path)
        try:
            with partial.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            return _link(partial, path)
        finally:
            partial.unlink(missing_ok=True)

    def store_folder(self, name: str, source: Path) -> None:
        """Copies a folder; see `Storage`."""
        target = self._directory / name
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = _partial(target)
        try:
            shutil.copytree(source, partial)
            partial.rename(target)
        except OSError:
            # Another one has stored it, of two at the same time or before: the same content.
            if not target.is_dir():
                raise
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    @contextlib.contextmanager
    def folder(self, name: str) -> Iterator[Path]:
        """Gives the folder itself."""
        yield self._directory / name


def _partial(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")


def _link(source: Path, target: Path) -> bool:
    """Gives a file a second name, which no one else has given; False if somebody has."""
    try:
        os.link(source, target)
    except FileExistsError:
        return False
    except PermissionError as error:
        raise UserError(
            f"{target.parent}: a registry needs a file system with hard links, in a folder that "
            f"can be written ({error.strerror})."
        ) from error
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return True
