"""A registry's files in a folder: local, or on NFS."""

import contextlib
import errno
import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from trainer.errors import UserError

_NO_LINKS = (
    *(errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS),
    *(errno.EXDEV, errno.EMLINK),
)


class DirectoryStorage:
    """Files in a folder on a file system with hard links; see `Storage`."""

    def __init__(self, directory: Path) -> None:
        self.location = str(directory)
        self._directory = directory

    def names(self, folder: str) -> list[str]:
        """Returns the names in a folder, sorted, without hidden ones.

        Raises:
            UserError: The folder cannot be listed, which must not pass for an empty one.
        """
        path = self._directory / folder
        try:
            return sorted(found.name for found in path.iterdir() if not found.name.startswith("."))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise UserError(f"{path}: cannot be listed ({error.strerror}).") from error

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
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
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
