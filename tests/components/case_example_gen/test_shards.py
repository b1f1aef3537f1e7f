"""Shards: of about one size, the same for any number of workers."""

import hashlib
import io

import pytest
from PIL import Image

from components.case_example_gen import shards
from components.case_example_gen.image_measurement import ImageMeasurement
from components.case_example_gen.images import MeasuredImage
from tests.components.beam_runs import case_files, ingest, pairs_of_round, write_data
from tests.image_metadata import with_metadata

MEGABYTE = 1024**2
TWO_PROCESSES = ["--direct_running_mode=multi_processing", "--direct_num_workers=2"]


@pytest.mark.parametrize(
    ("megabytes", "count"),
    [(0, 1), (10, 1), (320, 10), (32 * 256, 256), (128 * 256, 256), (512 * 256, 512)],
)
def test_shards_are_of_32_to_256_megabytes(megabytes, count):
    assert shards.shard_count(megabytes * MEGABYTE) == count


def test_an_image_is_decoded_again_only_if_it_is_not_the_one_that_was_checked(monkeypatch):
    decoded = []

    def decode(encoded: bytes) -> MeasuredImage:
        decoded.append(encoded)
        return MeasuredImage(b"standard", 0.1, 0.2)

    monkeypatch.setattr(shards, "decodable_image", decode)
    png = io.BytesIO()
    Image.new("L", (2, 2)).save(png, "PNG")
    checked = with_metadata(png.getvalue(), b"Doe^Jane")
    known = ImageMeasurement(hashlib.sha256(checked).digest(), True, 0.5, 0.25)
    bare = ImageMeasurement(hashlib.sha256(png.getvalue()).digest(), False, 0.5, 0.25)
    as_kept = MeasuredImage(png.getvalue(), 0.5, 0.25)
    assert shards.image_to_write(checked, known) == as_kept
    assert shards.image_to_write(png.getvalue(), bare) == as_kept
    assert not decoded
    assert shards.image_to_write(b"replaced", known).encoded == b"standard"
    assert shards.image_to_write(b"of another mode", None).encoded == b"standard"
    assert decoded == [b"replaced", b"of another mode"]


@pytest.mark.slow
def test_two_processes_write_the_same_shards_of_cases_and_the_same_pairs_as_one(tmp_path):
    data = write_data(tmp_path)
    one, two = tmp_path / "one", tmp_path / "two"
    ingest(data, one, [])
    ingest(data, two, TWO_PROCESSES)
    assert case_files(one)
    assert case_files(two) == case_files(one)
    for number in range(2):
        assert len(pairs_of_round(one, number)) == 6
        assert pairs_of_round(two, number) == pairs_of_round(one, number)


def test_a_set_above_the_size_of_a_shard_is_written_in_several(tmp_path, monkeypatch):
    data = write_data(tmp_path)
    monkeypatch.setattr(shards, "_SMALLEST_SHARD", 16 * 1024)
    ingest(data, tmp_path / "run", [])
    files = case_files(tmp_path / "run")
    assert len(files) > 1
    assert all(name.endswith(f"-of-{len(files):05d}.gz") for name in files)
