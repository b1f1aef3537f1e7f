"""The bytes of an image file, up to a limit."""

from pathlib import Path
from typing import BinaryIO

from components.case_example_gen.images import BadImageError

MAX_BYTES = 256 * 1024**2
"""Five times the largest radiograph without compression, 30 million pixels of 16 bits.

A larger file is something else, or is damaged, and a worker would hold all of it.
"""

_PART = 1024**2


def read_image_file(path: Path) -> bytes:
    """Reads an image file of this machine.

    Raises:
        BadImageError: Larger than `MAX_BYTES`.
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        return read_to_limit(file)


def read_to_limit(file: BinaryIO) -> bytes:
    """Reads an open file.

    Raises:
        BadImageError: Larger than `MAX_BYTES`, of which no more is read.
    """
    # In parts, since a read makes room for all that it may return.
    parts = []
    left = MAX_BYTES + 1
    while part := file.read(min(left, _PART)):
        parts.append(part)
        left -= len(part)
    encoded = b"".join(parts)
    if len(encoded) > MAX_BYTES:
        raise BadImageError("too large", f"more than {MAX_BYTES // 1024**2} MB")
    return encoded
