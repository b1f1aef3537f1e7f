"""An object store as Google's is to Beam: an object is looked for only once it is read."""

import io
from pathlib import Path
from typing import ClassVar

from apache_beam.io.localfilesystem import LocalFileSystem
from google.api_core import exceptions

SCHEME = "lazystore"


class LazyStore(LocalFileSystem):
    """The files below `lazystore:///`, with the faults by the name of a file in `faults`."""

    faults: ClassVar[dict[str, Exception]] = {}

    @classmethod
    def scheme(cls) -> str:
        return SCHEME

    def split(self, path: str) -> tuple[str, str]:
        head, _, tail = path.rpartition("/")
        return head, tail

    def open(self, path: str, *_arguments, **_options) -> io.RawIOBase:
        return _LazyObject(Path(path.removeprefix(f"{SCHEME}://")), self.faults)


class _LazyObject(io.RawIOBase):
    def __init__(self, path: Path, faults: dict[str, Exception]) -> None:
        self._path = path
        self._faults = faults
        self._content: io.BytesIO | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        content = self.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)

    def read(self, size: int = -1) -> bytes:
        if self._content is None:
            if self._path.name in self._faults:
                raise self._faults[self._path.name]
            if not self._path.is_file():
                raise exceptions.NotFound(f"GET https://storage.example/b/o/{self._path}: no such")
            self._content = io.BytesIO(self._path.read_bytes())
        return self._content.read(size)
