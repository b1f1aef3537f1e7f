"""Where the image files of a data set are, and their bytes."""

import errno

from apache_beam.io.filesystems import FileSystems

from components.case_example_gen.image_bytes import read_to_limit
from components.case_example_gen.images import BadImageError
from components.case_example_gen.settings import DataSettings

_OF_THE_STORAGE = (errno.EIO, errno.ESTALE, errno.EAGAIN, errno.EMFILE, errno.ENFILE)


def image_directories(data: DataSettings) -> dict[str, str]:
    """Where the images of the data set, and of each external collection by its name, are."""
    manifests = {"": data.manifest} | {other.name: other.manifest for other in data.external}
    return {name: FileSystems.split(manifest)[0] for name, manifest in manifests.items()}


def read_image(directory: str, image: str) -> bytes:
    """Reads an image's bytes; `image` is relative to `directory`, or absolute.

    Raises:
        BadImageError: There is no such file, no right to read it, or it is too large.
        OSError: Of the storage or network: another try may do better, so the image is not bad.
    """
    try:
        with FileSystems.open(
            FileSystems.join(directory, image), mime_type="application/octet-stream"
        ) as file:
            return read_to_limit(file)
    except PermissionError as error:
        raise BadImageError("no right to read the file", type(error).__name__) from error
    except OSError as error:
        if error.errno in _OF_THE_STORAGE or isinstance(error, TimeoutError | ConnectionError):
            raise
        raise BadImageError("file is missing", type(error).__name__) from error
