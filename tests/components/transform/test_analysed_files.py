"""The files whose pixels are summed: the first ones, as many as hold enough images."""

import tensorflow as tf

from components.transform import analysed_files
from tests.components.transform.raw_cases import raw_case, smooth

CASE = raw_case("a", [smooth(1), smooth(2)]).SerializeToString()


def write_shards(directory, cases: list[int]) -> str:
    for number, count in enumerate(cases):
        with tf.io.TFRecordWriter(str(directory / f"cases-{number}.gz"), "GZIP") as writer:
            for _ in range(count):
                writer.write(CASE)
    return f"{directory}/*"


def names(pattern: str) -> list[str]:
    return [file.rpartition("/")[2] for file in analysed_files.analysed_files(pattern)]


def test_a_small_split_is_analysed_whole(tmp_path):
    pattern = write_shards(tmp_path, [3, 2, 0])
    assert names(pattern) == ["cases-0.gz", "cases-1.gz", "cases-2.gz"]


def test_of_a_large_split_the_first_files_are_taken_that_hold_enough_images(tmp_path, monkeypatch):
    pattern = write_shards(tmp_path, [3] * 5)
    monkeypatch.setattr(analysed_files, "ANALYSED_IMAGES", 13)
    assert names(pattern) == ["cases-0.gz", "cases-1.gz", "cases-2.gz"]
    monkeypatch.setattr(analysed_files, "ANALYSED_IMAGES", 12)
    assert names(pattern) == ["cases-0.gz", "cases-1.gz"]


def test_a_first_file_without_cases_stops_nothing(tmp_path):
    assert len(names(write_shards(tmp_path, [0, 2]))) == 2
