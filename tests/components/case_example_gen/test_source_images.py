"""What a file that cannot be read means: the image is bad, or the storage is."""

import errno
import resource
import sys

import pytest

from components.case_example_gen import image_bytes, source_images
from components.case_example_gen.images import BadImageError
from components.case_example_gen.source_images import read_image


def test_the_bytes_are_read(tmp_path):
    (tmp_path / "a.png").write_bytes(b"pixels")
    assert read_image(str(tmp_path), "a.png") == b"pixels"


def test_a_file_that_is_not_there_is_missing(tmp_path):
    with pytest.raises(BadImageError, match="file is missing"):
        read_image(str(tmp_path), "a.png")


def test_no_more_than_the_limit_is_read_of_a_file(tmp_path, monkeypatch):
    monkeypatch.setattr(image_bytes, "MAX_BYTES", 6)
    (tmp_path / "a.png").write_bytes(b"pixels")
    assert read_image(str(tmp_path), "a.png") == b"pixels"
    (tmp_path / "b.png").write_bytes(b"pixels!")
    with pytest.raises(BadImageError, match="too large"):
        read_image(str(tmp_path), "b.png")


@pytest.mark.skipif(sys.platform != "linux", reason="counts a process's memory as Linux does")
def test_a_sparse_file_of_gigabytes_takes_no_more_memory_than_the_limit(tmp_path):
    with (tmp_path / "a.jpg").open("wb") as file:
        file.truncate(3 * 1024**3)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(BadImageError, match="more than 256 MB"):
        read_image(str(tmp_path), "a.jpg")
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown * 1024 < 2 * image_bytes.MAX_BYTES


@pytest.mark.parametrize(
    ("error", "raised", "says"),
    [
        (PermissionError(errno.EACCES, "Permission denied"), BadImageError, "no right to read"),
        (TimeoutError("slow"), TimeoutError, "slow"),
        (ConnectionResetError("gone"), ConnectionResetError, "gone"),
        (OSError(errno.EIO, "Input/output error"), OSError, "Input/output error"),
    ],
)
def test_what_another_try_may_mend_does_not_make_the_image_bad(monkeypatch, error, raised, says):
    def fail(*_arguments, **_options):
        raise error

    monkeypatch.setattr(source_images.FileSystems, "open", fail)
    with pytest.raises(raised, match=says):
        read_image("folder", "a.png")
