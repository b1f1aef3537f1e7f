"""Beam reads and writes record files with TensorFlow's own reader and writer.

Both are several times as fast as Beam's, which check records in Python and compress at zlib's
usual level: a JPEG or PNG does not become smaller, and trying takes longer than decoding it.
"""

import contextlib
import uuid
from collections.abc import Callable, Iterator

import apache_beam as beam
import tensorflow as tf
from apache_beam.coders import BytesCoder
from apache_beam.io.filebasedsink import FileBasedSink, FileBasedSinkWriter

LARGEST_FILE = 256 * 1024**2
"""Bytes of records after which another file is begun."""

_BATCH_BYTES = 8 * 1024**2
"""Of the records that are handed on together."""


def record_options() -> tf.io.TFRecordOptions:
    """Returns how files of images are written: as gzip, which TFX expects, that only stores."""
    return tf.io.TFRecordOptions(compression_type="GZIP", compression_level=0)


def matching_files(pattern: str) -> list[str]:
    """Returns the files that match, by name."""
    files: list[str] = sorted(tf.io.gfile.glob(pattern))
    return files


def read_records(file: str) -> Iterator[bytes]:
    """Yields the serialized records of one gzip record file."""
    # A dataset would do too; this takes a third of its time for a record.
    options = tf.io.TFRecordOptions(compression_type="GZIP")
    yield from tf.compat.v1.io.tf_record_iterator(file, options)


def read_batches(file: str) -> Iterator[list[bytes]]:
    """Yields the serialized records of one gzip record file, 8 MB or a larger record at a time."""
    batch: list[bytes] = []
    size = 0
    for record in read_records(file):
        if batch and size + len(record) > _BATCH_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(record)
        size += len(record)
    if batch:
        yield batch


class ReadRecords(beam.PTransform):
    """Reads the serialized records of gzip record files."""

    def __init__(self, pattern: str) -> None:
        super().__init__()
        self._pattern = pattern

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection:
        """Returns the records, bytes; a file is read by one worker."""
        files = pipeline | _SpreadFiles(self._pattern)
        return files | "Records" >> beam.FlatMap(read_records).with_output_types(bytes)


class ReadBatches(beam.PTransform):
    """Reads the serialized records of gzip record files, many at a time."""

    def __init__(self, pattern: str, choose: Callable[[str], list[str]]) -> None:
        """Describes what is read.

        Args:
            pattern: Of the files' names.
            choose: Returns which of them to read.
        """
        super().__init__()
        self._pattern = pattern
        self._choose = choose

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection:
        """Returns lists of records, bytes; a file is read by one worker."""
        files = pipeline | _SpreadFiles(self._pattern, self._choose)
        return files | "Batches" >> beam.FlatMap(read_batches).with_output_types(list[bytes])


class _SpreadFiles(beam.PTransform):
    """Returns the names of files, spread over the workers."""

    def __init__(self, pattern: str, choose: Callable[[str], list[str]] = matching_files) -> None:
        super().__init__()
        self._pattern = pattern
        self._choose = choose

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection:
        return (
            pipeline
            | "Pattern" >> beam.Create([self._pattern])
            | "Files" >> beam.FlatMap(self._choose).with_output_types(str)
            | "SpreadFiles" >> beam.Reshuffle()
        )


class RewriteRecords(beam.PTransform):
    """Copies record files, without the records that a function leaves out; names stay."""

    def __init__(self, pattern: str, directory: str, is_kept: Callable[[bytes], bool]) -> None:
        """Describes what is copied.

        Args:
            pattern: Of the files' names.
            directory: Where the copies go.
            is_kept: Says of a record whether it stays.
        """
        super().__init__()
        self._pattern = pattern
        self._directory = directory
        self._is_kept = is_kept

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection:
        """Returns the names of the copies."""
        return (
            pipeline
            | _SpreadFiles(self._pattern)
            | "Copy" >> beam.ParDo(_Copy(self._directory, self._is_kept))
        )


class _Copy(beam.DoFn):
    """Copies one file."""

    def __init__(self, directory: str, is_kept: Callable[[bytes], bool]) -> None:
        self._directory = directory
        self._is_kept = is_kept

    def process(self, file: str) -> Iterator[str]:
        path = f"{self._directory}/{file.rpartition('/')[2]}"
        with (
            written_whole(path) as attempt,
            tf.io.TFRecordWriter(attempt, record_options()) as writer,
        ):
            for record in filter(self._is_kept, read_records(file)):
                writer.write(record)
        yield path


@contextlib.contextmanager
def written_whole(path: str) -> Iterator[str]:
    """Gives a file another name until it is whole, so that a repeated attempt does no harm.

    What a failed attempt wrote is deleted.

    Args:
        path: What it is called then; its directory is made.
    """
    directory = path.rpartition("/")[0]
    tf.io.gfile.makedirs(directory)
    # Beside the directory: whoever reads all of its files must not see an attempt.
    attempt = f"{directory.rpartition('/')[0]}/.attempt-{uuid.uuid4().hex}"
    try:
        yield attempt
        tf.io.gfile.rename(attempt, path, overwrite=True)
    except BaseException:
        # It may not have been begun; and what went wrong before is what is to be told.
        with contextlib.suppress(tf.errors.OpError):
            tf.io.gfile.remove(attempt)
        raise


class WriteRecords(beam.PTransform):
    """Writes serialized records to `<prefix>-SSSSS-of-NNNNN.gz`.

    A file holds what one worker was given at a time, a whole file of input or more, and up to
    `LARGEST_FILE` bytes: no record travels between workers to be written.
    """

    def __init__(self, prefix: str) -> None:
        super().__init__()
        self._prefix = prefix

    def expand(self, records: beam.PCollection) -> beam.PCollection:
        """Returns the names of the files."""
        return records | "Write" >> beam.io.Write(_RecordSink(self._prefix))


class _RecordSink(FileBasedSink):
    """Beam's way to write files that appear when they are whole."""

    def __init__(self, prefix: str) -> None:
        super().__init__(
            prefix, BytesCoder(), file_name_suffix=".gz", max_bytes_per_shard=LARGEST_FILE
        )
        self._opened = 0

    def open_writer(self, init_result: str, uid: str) -> FileBasedSinkWriter:
        # Files are numbered in the order of these names: that of the records, within a worker.
        self._opened += 1
        return super().open_writer(init_result, f"{self._opened:06d}-{uid}")

    def open(self, temp_path: str) -> "_CountingWriter":
        # Where Beam looks for the size of the file.
        self.byte_counter = _CountingWriter(temp_path)
        return self.byte_counter

    def write_encoded_record(self, file_handle: "_CountingWriter", encoded_value: bytes) -> None:
        file_handle.write(encoded_value)

    def close(self, file_handle: "_CountingWriter") -> None:
        file_handle.close()


class _CountingWriter:
    """Writes records and counts their bytes."""

    def __init__(self, path: str) -> None:
        self._writer = tf.io.TFRecordWriter(path, record_options())
        self.bytes_written = 0

    def write(self, record: bytes) -> None:
        self._writer.write(record)
        self.bytes_written += len(record)

    def close(self) -> None:
        self._writer.close()
