"""`ram://`, TensorFlow's file system in memory, for Beam too: a store that is no directory.

What mangles a URI as if it were a path (`ram:/x`), or opens it as a file, fails on it.
"""

import io
from collections.abc import Iterator
from typing import Any

import tensorflow as tf
from apache_beam.io.filesystem import CompressedFile, CompressionTypes, FileMetadata, FileSystem


class _Written(io.BytesIO):
    """Reaches the store when it is closed; `ram://` itself cannot say where a writer is."""

    mode = "wb"

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path

    def close(self) -> None:
        if not self.closed:
            with tf.io.gfile.GFile(self._path, "wb") as file:
                file.write(self.getvalue())
        super().close()


class MemoryFileSystem(FileSystem):
    """Beam finds it among the subclasses of FileSystem, by its scheme."""

    @classmethod
    def scheme(cls) -> str:
        return "ram"

    def join(self, base: str, *paths: str) -> str:
        return "/".join([base.rstrip("/"), *(path.strip("/") for path in paths)])

    def split(self, path: str) -> tuple[str, str]:
        head, _, tail = path.rpartition("/")
        return head, tail

    def mkdirs(self, path: str) -> None:
        tf.io.gfile.makedirs(path)

    def has_dirs(self) -> bool:
        return False

    def _list(self, dir_or_prefix: str) -> Iterator[FileMetadata]:
        for path in tf.io.gfile.glob(dir_or_prefix + "*"):
            if tf.io.gfile.isdir(path):
                yield from self._list(path.rstrip("/") + "/")
            else:
                yield FileMetadata(path, tf.io.gfile.stat(path).length)

    def create(self, path: str, mime_type: str = "", compression_type: str = "auto") -> Any:
        return self._open(path, "wb", compression_type)

    def open(self, path: str, mime_type: str = "", compression_type: str = "auto") -> Any:
        return self._open(path, "rb", compression_type)

    def _open(self, path: str, mode: str, compression_type: str) -> Any:
        if compression_type == CompressionTypes.AUTO:
            compression_type = CompressionTypes.detect_compression_type(path)
        file = tf.io.gfile.GFile(path, mode) if mode == "rb" else _Written(path)
        if compression_type == CompressionTypes.UNCOMPRESSED:
            return file
        return CompressedFile(file, compression_type)

    def copy(self, source_file_names: list[str], destination_file_names: list[str]) -> None:
        for source, target in zip(source_file_names, destination_file_names, strict=True):
            tf.io.gfile.copy(source, target, overwrite=True)

    def rename(self, source_file_names: list[str], destination_file_names: list[str]) -> None:
        for source, target in zip(source_file_names, destination_file_names, strict=True):
            tf.io.gfile.rename(source, target, overwrite=True)

    def exists(self, path: str) -> bool:
        return tf.io.gfile.exists(path)

    def size(self, path: str) -> int:
        return tf.io.gfile.stat(path).length

    def last_updated(self, path: str) -> float:
        return tf.io.gfile.stat(path).mtime_nsec / 1e9

    def checksum(self, path: str) -> str:
        return str(self.size(path))

    def metadata(self, path: str) -> FileMetadata:
        return FileMetadata(path, self.size(path))

    def delete(self, paths: list[str]) -> None:
        for path in paths:
            if tf.io.gfile.isdir(path):
                tf.io.gfile.rmtree(path)
            elif tf.io.gfile.exists(path):
                tf.io.gfile.remove(path)
