"""Looks at every image file of a manifest; decodes only one whose end is not in its place."""

import hashlib
import itertools
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from components.case_example_gen.image_bytes import read_image_file
from components.case_example_gen.image_metadata import PNG_END
from components.case_example_gen.images import (
    BadImageError,
    open_image,
    standardise_and_measure,
)
from components.case_example_gen.manifest import ManifestRow

_ROWS_AT_ONCE = 512
_NEAR_THE_END = 64
_END_MARKS = {"JPEG": b"\xff\xd9", "PNG": PNG_END}


@dataclass(frozen=True)
class ImageFile:
    """What is known of an image without decoding it.

    Attributes:
        problem: Why the run would leave it out; None if nothing is seen.
        digest: SHA-256 of the bytes, metadata included, as ingestion takes it; blank where they
            cannot be read, or are too many.
        size: Bytes; 0 likewise.
    """

    problem: str | None
    digest: bytes
    size: int


def look_at_files(
    rows: Iterable[ManifestRow], folder: Path
) -> Iterator[tuple[ManifestRow, ImageFile]]:
    """Yields each row with its image's file; some hundred rows are held at a time.

    Args:
        rows: In any order, which is kept.
        folder: That the images' paths are relative to.
    """
    remaining = iter(rows)
    with ThreadPoolExecutor() as pool:
        while batch := list(itertools.islice(remaining, _ROWS_AT_ONCE)):
            files = pool.map(lambda row: look_at_file(folder / row.image), batch)
            yield from zip(batch, files, strict=True)


def look_at_file(path: Path) -> ImageFile:
    """Opens the header and looks at the end of a file."""
    try:
        encoded = read_image_file(path)
    except OSError as error:
        return ImageFile(f"cannot be read ({error.strerror})", b"", 0)
    except BadImageError as error:
        return ImageFile(_in_words(error), b"", 0)
    digest = hashlib.sha256(encoded).digest()
    return ImageFile(_problem(encoded), digest, len(encoded))


def _problem(encoded: bytes) -> str | None:
    if not encoded:
        return "is an empty file"
    try:
        with open_image(encoded) as image:
            kind = image.format
    except BadImageError as error:
        return _in_words(error)
    except Exception:
        return "is not an image"
    if kind in _END_MARKS and _END_MARKS[kind] not in encoded[-_NEAR_THE_END:]:
        return _problem_when_decoded(encoded)
    return None


def _problem_when_decoded(encoded: bytes) -> str | None:
    """Some cameras and archives write further bytes behind an image's end."""
    try:
        standardise_and_measure(encoded)
    except BadImageError as error:
        return _in_words(error)
    return None


def _in_words(error: BadImageError) -> str:
    if error.reason == "too large":
        return f"is too large ({error.detail})"
    return "is truncated" if error.reason == "truncated" else f"is bad ({error.reason})"
