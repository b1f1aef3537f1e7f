"""Where the image files of a data set are, and their bytes."""

from apache_beam.io.filesystems import FileSystems

from components.case_example_gen.images import BadImageError
from components.case_example_gen.settings import DataSettings


def image_directories(data: DataSettings) -> dict[str, str]:
    """Where the images of the data set, and of each external collection by its name, are."""
    manifests = {"": data.manifest} | {other.name: other.manifest for other in data.external}
    return {name: FileSystems.split(manifest)[0] for name, manifest in manifests.items()}


def read_image(directory: str, image: str) -> bytes:
    """Reads an image's bytes; `image` is relative to `directory`, or absolute.

    Raises:
        BadImageError: There is no such file.
    """
    try:
        with FileSystems.open(
            FileSystems.join(directory, image), mime_type="application/octet-stream"
        ) as file:
            encoded: bytes = file.read()
            return encoded
    except OSError as error:
        raise BadImageError("file is missing", type(error).__name__) from error
