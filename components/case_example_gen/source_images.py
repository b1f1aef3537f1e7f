"""Where the image files of a data set are, and their bytes."""

import errno
from http import HTTPStatus

from apache_beam.io.filesystem import BeamIOError
from apache_beam.io.filesystems import FileSystems

from components.case_example_gen.image_bytes import read_to_limit
from components.case_example_gen.images import BadImageError
from components.case_example_gen.settings import DataSettings

_MISSING = (errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP)
_FORBIDDEN = (errno.EACCES, errno.EPERM)


class StorageError(OSError):
    """Storage or network failed: another try may do better. Its text names no path."""


def image_directories(data: DataSettings) -> dict[str, str]:
    """Where the images of the data set, and of each external collection by its name, are."""
    manifests = {"": data.manifest} | {other.name: other.manifest for other in data.external}
    return {name: FileSystems.split(manifest)[0] for name, manifest in manifests.items()}


def read_image(directory: str, image: str) -> bytes:
    """Reads an image's bytes; `image` is relative to `directory`, or absolute.

    Raises:
        BadImageError: There is no such file, no right to read it, or it is too large.
        StorageError: Anything else, which does not make the image bad.
    """
    try:
        with FileSystems.open(
            FileSystems.join(directory, image), mime_type="application/octet-stream"
        ) as file:
            return read_to_limit(file)
    except BadImageError:
        raise
    except Exception as error:
        # Each storage raises its own kinds, whose text holds the path, and that may name a
        # patient: neither the text nor the error goes on.
        problem = _problem(error)
    raise problem


def _problem(error: Exception) -> BadImageError | StorageError:
    name = type(error).__name__
    causes = [error]
    if isinstance(error, BeamIOError):
        causes += (error.exception_details or {}).values()
    numbers = {getattr(cause, "errno", None) for cause in causes}
    # Of the object stores of Google, Amazon and Azure: the status of HTTP.
    statuses = {getattr(cause, "code", None) for cause in causes}
    if numbers.intersection(_MISSING) or HTTPStatus.NOT_FOUND in statuses:
        return BadImageError("file is missing", name)
    if numbers.intersection(_FORBIDDEN) or HTTPStatus.FORBIDDEN in statuses:
        return BadImageError("no right to read the file", name)
    known = sorted(str(int(code)) for code in numbers | statuses if isinstance(code, int))
    return StorageError(f"an image could not be read: {' '.join([name, *known])}. Try again.")
