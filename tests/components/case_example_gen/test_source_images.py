"""What a file that cannot be read means: the image is bad, or the storage is."""

import errno

import pytest

from components.case_example_gen import source_images
from components.case_example_gen.images import BadImageError
from components.case_example_gen.source_images import read_image


def test_the_bytes_are_read(tmp_path):
    (tmp_path / "a.png").write_bytes(b"pixels")
    assert read_image(str(tmp_path), "a.png") == b"pixels"


def test_a_file_that_is_not_there_is_missing(tmp_path):
    with pytest.raises(BadImageError, match="file is missing"):
        read_image(str(tmp_path), "a.png")


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
