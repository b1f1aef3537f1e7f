"""Frames of a DICOM file as 8-bit pictures, whatever their photometric interpretation."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.pixels import iter_pixels
from pydicom.pixels.processing import apply_color_lut
from pydicom.tag import BaseTag, Tag
from pydicom.uid import UID

from components.dataset_readers import dicom_jpeg_12
from components.dataset_readers.dicom_grey import displayed_grey

MAX_FRAMES = 16
"""Of a longer clip, so many frames are taken, evenly spaced; neighbours look all the same."""

_ELSEWHERE: list[BaseTag | int] = [
    Tag(keyword)
    for keyword in (
        "PresentationLUTShape",
        "SharedFunctionalGroupsSequence",
        "PerFrameFunctionalGroupsSequence",
    )
]
"""What display needs outside group 0028."""


def chosen_frames(count: int) -> list[int]:
    """Returns the indices of the frames that are taken of `count`: all, or `MAX_FRAMES`."""
    if count <= MAX_FRAMES:
        return list(range(count))
    return [int((position + 0.5) * count / MAX_FRAMES) for position in range(MAX_FRAMES)]


def read_frames(path: Path, indices: list[int], transfer_syntax: UID) -> Iterator[np.ndarray]:
    """Yields frames, decoded one at a time.

    Args:
        path: Of a DICOM file with pixels, in any transfer syntax that the installed plugins know.
        indices: Of the frames.
        transfer_syntax: As `read_header` found it; not every file states it.

    Yields:
        uint8 [height, width] or [height, width, 3], as a display shows them.

    Raises:
        Exception: Of whatever kind pydicom raises on a broken or unsupported file.
    """
    dicom_jpeg_12.register()
    header = Dataset()
    frames = iter_pixels(
        path,
        ds_out=header,
        specific_tags=_ELSEWHERE,
        indices=indices,
        transfer_syntax_uid=transfer_syntax,
    )
    for index, frame in zip(indices, frames, strict=True):
        yield _displayed(frame, header, index)


def _displayed(frame: np.ndarray, header: Dataset, index: int) -> np.ndarray:
    if header.PhotometricInterpretation == "PALETTE COLOR":
        frame = apply_color_lut(frame, header)[..., :3]
        return _to_8_bits(frame, 8 * frame.itemsize)
    if header.SamplesPerPixel == 3:
        # YBR has become RGB while the frame was decoded.
        return _to_8_bits(frame, header.BitsStored)
    return displayed_grey(frame, header, index)


def _to_8_bits(colours: np.ndarray, bits: int) -> np.ndarray:
    if bits == 8:
        return colours.astype(np.uint8)
    return (colours.astype(np.float64) * 255 / (2**bits - 1)).round().astype(np.uint8)
