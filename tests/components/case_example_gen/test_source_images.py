"""What a file that cannot be read means: the image is bad, or the storage is."""

import errno
import resource
import sys
import traceback

import pytest
from apache_beam.io.aws.clients.s3.messages import S3ClientError
from apache_beam.io.filesystem import BeamIOError
from google.api_core import exceptions

from components.case_example_gen import image_bytes, source_images
from components.case_example_gen.images import BadImageError
from components.case_example_gen.source_images import StorageError, read_image
from tests.components.case_example_gen.object_store import SCHEME, LazyStore


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


def test_a_file_without_the_right_to_it_is_told_so(monkeypatch):
    fail_to_open(monkeypatch, PermissionError(errno.EACCES, "Permission denied", PATH))
    with pytest.raises(BadImageError, match="no right to read"):
        read_image("folder", "a.png")


def fail_to_open(monkeypatch, error: Exception) -> None:
    def fail(*_arguments, **_options):
        raise error

    monkeypatch.setattr(source_images.FileSystems, "open", fail)


PATH = "bucket/MRN-4711-3/a.png"


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (TimeoutError(f"slow: {PATH}"), "TimeoutError"),
        (ConnectionResetError(PATH), "ConnectionResetError"),
        (OSError(errno.EIO, "Input/output error", PATH), "OSError 5"),
        (OSError(errno.ESTALE, "Stale file handle", PATH), f"OSError {errno.ESTALE}"),
        (BeamIOError("Unable to get the Filesystem", {PATH: ValueError(PATH)}), "BeamIOError"),
        (ValueError(f"Unable to get filesystem. Path specified: {PATH}"), "ValueError"),
    ],
)
def test_what_another_try_may_mend_does_not_make_the_image_bad_and_names_no_path(
    monkeypatch, error, says
):
    fail_to_open(monkeypatch, error)
    with pytest.raises(StorageError, match=says) as raised:
        read_image("folder", "a.png")
    assert "4711" not in "".join(traceback.format_exception(raised.value))


def test_an_object_is_read(tmp_path):
    (tmp_path / "a.png").write_bytes(b"pixels")
    assert read_image(f"{SCHEME}://{tmp_path}", "a.png") == b"pixels"


def test_an_object_that_is_not_there_is_missing(tmp_path):
    image = PATH.replace("/", "-")
    with pytest.raises(BadImageError) as raised:
        read_image(f"{SCHEME}://{tmp_path}", image)
    assert (raised.value.reason, raised.value.detail) == ("file is missing", "NotFound")
    assert "4711" not in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (exceptions.Forbidden(f"{PATH} is not yours"), "no right to read the file"),
        (BeamIOError("Read failed", {PATH: exceptions.NotFound(PATH)}), "file is missing"),
        (S3ClientError(PATH, 404), "file is missing"),
    ],
)
def test_what_an_object_store_refuses_for_good_makes_the_image_bad(monkeypatch, fault, reason):
    monkeypatch.setattr(LazyStore, "faults", {"a.png": fault})
    with pytest.raises(BadImageError) as raised:
        read_image(f"{SCHEME}:///bucket", "a.png")
    assert raised.value.reason == reason


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (exceptions.ServiceUnavailable(PATH), "ServiceUnavailable 503"),
        (exceptions.TooManyRequests(PATH), "TooManyRequests 429"),
        (exceptions.Unauthorized(PATH), "Unauthorized 401"),
        (exceptions.RetryError(PATH, cause=None), "RetryError"),
    ],
)
def test_a_fault_of_an_object_store_stops_without_a_path(monkeypatch, fault, says):
    monkeypatch.setattr(LazyStore, "faults", {"a.png": fault})
    with pytest.raises(StorageError, match=says) as raised:
        read_image(f"{SCHEME}:///bucket", "a.png")
    assert "4711" not in "".join(traceback.format_exception(raised.value))
