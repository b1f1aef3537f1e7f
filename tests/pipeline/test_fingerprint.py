"""The digest of a data set: what changes it asks for every step anew, so nothing else may."""

import os
import shutil
import tracemalloc
from pathlib import Path

import pytest

from components.case_example_gen.settings import DataSettings
from pipeline.fingerprint import data_fingerprint

_MANIFEST = "image,case_id,patient_id,site\none.png,c1,p1,north\ntwo.png,c2,p2,north\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "manifest.csv").write_text(_MANIFEST)
    (folder / "one.png").write_bytes(b"first")
    (folder / "two.png").write_bytes(b"second")
    return folder


def fingerprint(folder: Path) -> str:
    return data_fingerprint(DataSettings(manifest=str(folder / "manifest.csv")))


def test_a_copy_with_other_times_has_the_same_fingerprint(folder, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    os.utime(copy / "one.png", (1, 1))
    assert fingerprint(copy) == fingerprint(folder)


def test_another_byte_of_an_image_changes_it_though_size_and_time_stay(folder):
    before = fingerprint(folder)
    times = (folder / "two.png").stat()
    (folder / "two.png").write_bytes(b"sEcond")
    os.utime(folder / "two.png", ns=(times.st_atime_ns, times.st_mtime_ns))
    assert fingerprint(folder) != before


def test_another_site_in_the_manifest_changes_it(folder):
    before = fingerprint(folder)
    (folder / "manifest.csv").write_text(_MANIFEST.replace("p2,north", "p2,south"))
    assert fingerprint(folder) != before


def test_a_missing_image_changes_it(folder):
    before = fingerprint(folder)
    (folder / "one.png").unlink()
    assert fingerprint(folder) != before


def test_bytes_cannot_wander_from_one_image_to_the_next(folder):
    before = fingerprint(folder)
    (folder / "one.png").write_bytes(b"firsts")
    (folder / "two.png").write_bytes(b"econd")
    assert fingerprint(folder) != before


def test_a_manifest_on_a_bucket_is_known_by_its_address():
    at = [data_fingerprint(DataSettings(manifest=f"gs://bucket/{name}.csv")) for name in "aab"]
    assert at[0] == at[1] != at[2]


def test_a_file_of_several_blocks_counts_to_its_last_byte_and_is_never_held_whole(folder):
    size = 64 * 1024**2
    (folder / "one.png").write_bytes(bytes(size))
    before = fingerprint(folder)
    with (folder / "one.png").open("r+b") as file:
        file.seek(size - 1)
        file.write(b"1")
    tracemalloc.start()
    assert fingerprint(folder) != before
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < size // 8
