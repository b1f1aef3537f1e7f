"""Grey values of a DICOM frame as a display shows them: rescale, VOI LUT or window, polarity.

Rules: DICOM PS3.3, C.11.1 (modality LUT), C.11.2 (VOI LUT), C.7.6.16.2 (functional groups of
multi-frame images), C.7.6.3.1.2 (photometric interpretation).
"""

import numpy as np
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_modality_lut, apply_voi

_OUTERMOST = (0.001, 0.999)
"""Shares of the pixels that are black or less, and not yet white, where no window is named."""


def displayed_grey(frame: np.ndarray, header: Dataset, index: int) -> np.ndarray:
    """Turns stored values into 8-bit grey.

    The first VOI LUT counts, else the first window, else the range of the values without their
    outermost 0.1% and without the padding around the picture.

    Args:
        frame: Stored values, [height, width], any real type.
        header: Group 0028 of the file, and its functional groups if it has them.
        index: Of the frame, for values that differ by frame.

    Returns:
        uint8 [height, width]; low stored values dark, whatever the polarity of the file.
    """
    stored, positions, counts = _distinct(frame)
    values = _rescaled(stored, header, index)
    shade = _through_lut(values, header)
    if shade is None:
        shade = _through_window(values, _group(header, index, "FrameVOILUTSequence"))
    if shade is None:
        shade = _through_range(values, np.where(_is_padding(stored, header), 0, counts))
    if _is_inverted(header):
        shade = 1 - shade
    return (shade * 255).round().astype(np.uint8)[positions]


def _distinct(frame: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns the stored values there are, which of them each pixel has, and how many have it.

    A picture has millions of pixels but thousands of values: each value is computed once.
    """
    low, high = frame.min(), frame.max()
    if frame.dtype.kind in "iu" and int(high) - int(low) < 2**16:
        positions = frame.astype(np.int64) - int(low)
        return np.arange(int(low), int(high) + 1), positions, np.bincount(positions.ravel())
    stored, positions, counts = np.unique(frame, return_inverse=True, return_counts=True)
    return stored, positions.reshape(frame.shape), counts


def _group(header: Dataset, index: int, name: str) -> Dataset:
    """Returns the item that holds a frame's attributes: its own, all frames', or the header."""
    per_frame = header.get("PerFrameFunctionalGroupsSequence") or []
    shared = header.get("SharedFunctionalGroupsSequence") or []
    for item in (*per_frame[index : index + 1], *shared[:1]):
        if item.get(name):
            return item[name][0]
    return header


def _rescaled(frame: np.ndarray, header: Dataset, index: int) -> np.ndarray:
    item = _group(header, index, "PixelValueTransformationSequence")
    return np.asarray(apply_modality_lut(frame, item), dtype=np.float64)


def _through_lut(values: np.ndarray, header: Dataset) -> np.ndarray | None:
    if not header.get("VOILUTSequence"):
        return None
    shown = apply_voi(values.astype(np.int64), header).astype(np.float64)
    table = np.asarray(apply_voi(np.arange(*_lut_span(header)), header), dtype=np.float64)
    # Many files state 16 bits for a table that ends at 4095; the table itself is the range.
    low, high = table.min(), table.max()
    return (shown - low) / max(high - low, 1.0)


def _lut_span(header: Dataset) -> tuple[int, int]:
    entries, first, _ = header.VOILUTSequence[0].LUTDescriptor
    return first, first + (entries or 2**16)


def _through_window(values: np.ndarray, item: Dataset) -> np.ndarray | None:
    centre, width = _first(item.get("WindowCenter")), _first(item.get("WindowWidth"))
    if centre is None or width is None or width <= 0:
        return None
    function = str(item.get("VOILUTFunction") or "LINEAR").upper()
    if function == "SIGMOID":
        return 1 / (1 + np.exp(np.clip(-4 * (values - centre) / width, -500, 500)))
    if function == "LINEAR":
        centre, width = centre - 0.5, max(width - 1, 1e-6)
    return np.clip((values - centre) / width + 0.5, 0, 1)


def _through_range(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    if not counts.any():
        counts = np.ones_like(counts)
    order = np.argsort(values)
    share = np.cumsum(counts[order]) / counts.sum()
    low, high = (values[order[np.searchsorted(share, end)]] for end in _OUTERMOST)
    return np.clip((values - low) / max(high - low, 1e-6), 0, 1)


def _is_padding(stored: np.ndarray, header: Dataset) -> np.ndarray:
    value = header.get("PixelPaddingValue")
    if value is None:
        return np.zeros(stored.shape, bool)
    limit = header.get("PixelPaddingRangeLimit")
    ends = (value, value if limit is None else limit)
    return (stored >= min(ends)) & (stored <= max(ends))


def _is_inverted(header: Dataset) -> bool:
    return (
        header.PhotometricInterpretation == "MONOCHROME1"
        or header.get("PresentationLUTShape") == "INVERSE"
    )


def _first(value: object) -> float | None:
    """Windows may be several; the first is the one to show."""
    if value is None or value == "":
        return None
    try:
        return float(value)  # type: ignore[arg-type]
    except TypeError:
        several = list(value)  # type: ignore[call-overload]
        return float(several[0]) if several else None
