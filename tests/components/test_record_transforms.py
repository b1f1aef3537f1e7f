"""Record files that Beam writes: gzip that TensorFlow and Beam read, without compressing images."""

import gzip
import os
from pathlib import Path

import apache_beam as beam
import pytest
import tensorflow as tf
from apache_beam.testing.util import assert_that, equal_to

from components import record_transforms
from components.record_transforms import (
    ReadBatches,
    ReadRecords,
    RewriteRecords,
    WriteRecords,
    matching_files,
    read_batches,
    written_whole,
)

RECORDS = [os.urandom(5000) for _ in range(20)] + [b""]


@pytest.fixture(scope="module")
def directory(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("records")
    with beam.Pipeline() as pipeline:
        pipeline | beam.Create(RECORDS) | WriteRecords(str(folder / "cases"))
    return folder


def test_tensorflow_reads_the_files_as_gzip(directory):
    files = sorted(directory.iterdir())
    assert all(file.name.startswith("cases-0") and file.suffix == ".gz" for file in files)
    read = tf.data.TFRecordDataset([str(file) for file in files], "GZIP").as_numpy_iterator()
    assert sorted(read) == sorted(RECORDS)


def test_images_are_stored_not_compressed(directory):
    for file in directory.iterdir():
        content = gzip.decompress(file.read_bytes())
        assert 0 <= file.stat().st_size - len(content) < 0.01 * len(content)


def test_what_was_written_is_read_by_beam_and_by_the_own_reader(directory):
    pattern = f"{directory}/*.gz"
    with beam.Pipeline() as pipeline:
        assert_that(pipeline | "Own" >> ReadRecords(pattern), equal_to(RECORDS), label="own")
        theirs = pipeline | "Beam's" >> beam.io.ReadFromTFRecord(pattern)
        assert_that(theirs, equal_to(RECORDS), label="Beam's")


def test_batches_hold_the_same_records(directory):
    with beam.Pipeline() as pipeline:
        batches = pipeline | ReadBatches(f"{directory}/*.gz", matching_files)
        assert_that(batches | beam.FlatMap(list), equal_to(RECORDS))


def test_a_batch_is_of_8_mb_and_a_larger_record_one_by_itself(tmp_path, monkeypatch):
    monkeypatch.setattr(record_transforms, "_BATCH_BYTES", 10)
    file = str(tmp_path / "records.gz")
    with tf.io.TFRecordWriter(file, record_transforms.record_options()) as writer:
        for size in (4, 6, 1, 30, 9, 2):
            writer.write(bytes(size))
    sizes = [[len(record) for record in batch] for batch in read_batches(file)]
    assert sizes == [[4, 6], [1], [30], [9], [2]]


def test_an_attempt_that_fails_leaves_no_file(directory, tmp_path):
    (whole,) = list(directory.iterdir())[:1]
    (tmp_path / "cut.gz").write_bytes(whole.read_bytes()[:-2000])
    copies = tmp_path / "artifact" / "Split-train"
    with pytest.raises(Exception, match="DataLossError"), beam.Pipeline() as pipeline:
        pipeline | RewriteRecords(str(tmp_path / "cut.gz"), str(copies), bool)
    assert [path for path in (tmp_path / "artifact").rglob("*") if path.is_file()] == []


def test_an_attempt_that_fails_leaves_the_file_of_an_earlier_one(tmp_path):
    path = tmp_path / "Split-train" / "cases.gz"
    with written_whole(str(path)) as attempt:
        Path(attempt).write_bytes(b"whole")
    with pytest.raises(ZeroDivisionError), written_whole(str(path)) as attempt:
        Path(attempt).write_bytes(b"ha")
        raise ZeroDivisionError
    assert [found for found in tmp_path.rglob("*") if found.is_file()] == [path]
    assert path.read_bytes() == b"whole"


def test_an_attempt_that_fails_before_it_writes_says_what_failed(tmp_path):
    with pytest.raises(ZeroDivisionError), written_whole(str(tmp_path / "a" / "b.gz")):
        raise ZeroDivisionError


def test_a_file_cut_short_is_an_error(directory, tmp_path):
    (whole,) = list(directory.iterdir())[:1]
    cut = tmp_path / "cut.gz"
    cut.write_bytes(whole.read_bytes()[:-2000])
    with pytest.raises(Exception, match="DataLossError"), beam.Pipeline() as pipeline:
        pipeline | ReadRecords(str(cut)) | beam.Map(len)


def test_a_file_with_a_changed_byte_is_an_error(directory, tmp_path):
    (whole,) = list(directory.iterdir())[:1]
    content = bytearray(whole.read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "changed.gz").write_bytes(content)
    with pytest.raises(Exception, match="DataLossError"), beam.Pipeline() as pipeline:
        pipeline | ReadRecords(str(tmp_path / "changed.gz")) | beam.Map(len)


def test_a_file_is_ended_once_it_has_its_size(tmp_path, monkeypatch):
    monkeypatch.setattr(record_transforms, "LARGEST_FILE", 20_000)
    with beam.Pipeline() as pipeline:
        records = pipeline | beam.Create(RECORDS[:20], reshuffle=False)
        records | WriteRecords(str(tmp_path / "cases"))
    files = sorted(tmp_path.iterdir())
    assert len(files) == 5
    assert [file.name for file in files] == [f"cases-{n:05d}-of-00005.gz" for n in range(5)]
    assert all(file.stat().st_size < 20_500 for file in files)
    read = tf.data.TFRecordDataset([str(file) for file in files], "GZIP").as_numpy_iterator()
    assert list(read) == RECORDS[:20]


def test_files_are_copied_under_their_names_without_what_is_left_out(tmp_path):
    for name, records in {"a": [b"1", b"22", b"3"], "b": [b"22"]}.items():
        with tf.io.TFRecordWriter(str(tmp_path / f"{name}.gz"), "GZIP") as writer:
            for record in records:
                writer.write(record)
    with beam.Pipeline() as pipeline:
        pipeline | RewriteRecords(f"{tmp_path}/*.gz", f"{tmp_path}/kept", lambda r: len(r) == 1)
    kept = {
        path.name: list(record_transforms.read_records(str(path)))
        for path in (tmp_path / "kept").iterdir()
    }
    assert kept == {"a.gz": [b"1", b"3"], "b.gz": []}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.gz", "b.gz", "kept"]
