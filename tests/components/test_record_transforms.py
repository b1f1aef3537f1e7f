"""Record files that Beam writes: gzip that TensorFlow and Beam read, without compressing images."""

import gzip
import os
from pathlib import Path

import apache_beam as beam
import pytest
import tensorflow as tf
from apache_beam.testing.util import assert_that, equal_to

from components.record_transforms import ReadRecords, WriteRecords

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
