"""Checks one encoded image, and turns it into what TensorFlow decodes: 8-bit JPEG or PNG."""

import dataclasses
import io
import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.TiffImagePlugin import BITSPERSAMPLE, TiffImageFile

from components.case_example_gen.image_metadata import PNG_END, without_metadata

MAX_PIXELS = 150_000_000
"""More than any radiograph has; larger ones are taken for decompression bombs.

Less than 179 million, beyond which Pillow opens no image at all.
"""

MAX_COPIED_PIXELS = 60_000_000
"""Of deep, palette and transparent images, whose conversion holds up to 25 bytes a pixel.

Twice what the largest radiographs have.
"""

_CHECKED_SIDE = 128
"""A JPEG is checked and measured at no fewer pixels than this a side, if it has them."""

_GREY_VALUES = np.arange(256) / 255

_PLAIN_MODES = {"JPEG": ("L", "RGB"), "PNG": ("L", "RGB", "1")}
_MODES = {
    "P": "palette",
    "PA": "palette",
    "LA": "transparent",
    "RGBA": "transparent",
    "CMYK": "other colours",
    "YCbCr": "other colours",
    "LAB": "other colours",
    "HSV": "other colours",
}
_DEEP = ("I", "F")
"""How the modes of more than 8 bits begin."""
_LAYERED = ("LA", "PA", "RGBA", "P")
_PNG_EXIF = b"eXIf"
_PNG_BIT_DEPTH = 24
"""Where it stands in the file: behind signature, length and name of the header, and the size."""

_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What makes an image upright, by its EXIF orientation."""

# What is too large is refused here; the warning would name a file of this package.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


class BadImageError(Exception):
    """Why an image cannot be used: a reason that is the same for the same cause, and a detail."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True)
class MeasuredImage:
    """An image that TensorFlow decodes, and how bright it is.

    Attributes:
        encoded: 8-bit JPEG or PNG, without metadata.
        mean: Of the grey values, 0 black to 1 white.
        contrast: Their standard deviation, at 128 to 255 pixels of the shorter side.
        changes: What was changed of the picture as given, in a few words each: `palette`. Empty
            exactly if its compressed data are those that were given.
    """

    encoded: bytes
    mean: float
    contrast: float
    changes: tuple[str, ...] = ()


def open_image(encoded: bytes) -> Image.Image:
    """Reads an image's header; its pixels are decoded once they are asked for.

    Raises:
        BadImageError: Absurdly large, or of a kind that is not read.
        OSError: Not an image; Pillow raises others where a header is broken.
    """
    try:
        image = Image.open(io.BytesIO(encoded))
    except Image.DecompressionBombError as error:
        raise BadImageError("too large", f"more than {MAX_PIXELS} pixels") from error
    limit = MAX_COPIED_PIXELS if _is_copied(encoded, image) else MAX_PIXELS
    if image.width * image.height > limit:
        raise BadImageError("too large", f"{image.width}x{image.height} pixels, more than {limit}")
    if _has_deep_colours(encoded, image) and image.format != "PNG":
        raise BadImageError("colours of more than 8 bits", f"in a {image.format}")
    return image


def standardise_and_measure(encoded: bytes) -> MeasuredImage:
    """Brings an image to 8 bits, grey or RGB, upright; plain images lose only their metadata.

    CMYK, palette, alpha, 16-bit and EXIF-rotated images are re-encoded as PNG; of an animation
    the first frame counts. Colours of 16 bits are read from PNGs only. Pillow does the decoding
    otherwise: of plain images, TensorFlow may still refuse some (`tensorflow_decoding.py`).

    Raises:
        BadImageError: Empty, not an image, truncated, blank, absurdly large, or a TIFF with
            colours of more than 8 bits.
    """
    if not encoded:
        raise BadImageError("empty file")
    try:
        standard, image, changes = _decode(encoded)
    except BadImageError:
        raise
    except Exception as error:
        # Anything may be wrong in a file, and Pillow raises whatever Python does then.
        reason = "truncated" if "truncated" in str(error).lower() else "cannot be decoded"
        raise BadImageError(reason, type(error).__name__) from error
    return dataclasses.replace(measure(standard, image), changes=changes)


def measure(encoded: bytes, image: Image.Image) -> MeasuredImage:
    """Returns encoded bytes with the brightness of their image, decoded at any size."""
    grey = _reduced(image if image.mode == "L" else image.convert("L"))
    pixels = np.array(grey.histogram(), np.float64)
    number = grey.width * grey.height
    mean = pixels @ _GREY_VALUES / number
    variance = pixels @ (_GREY_VALUES - mean) ** 2 / number
    return MeasuredImage(encoded, float(mean), math.sqrt(variance))


def is_plain(encoded: bytes, image: Image.Image) -> bool:
    """Says of bytes, and of the image opened from them, whether its data stay as they are."""
    plain = image.mode in _PLAIN_MODES.get(image.format or "", ())
    plain = plain and not _has_deep_colours(encoded, image)
    return plain and _orientation(encoded, image) is None and getattr(image, "n_frames", 1) == 1


def _is_copied(encoded: bytes, image: Image.Image) -> bool:
    """Says whether converting an image takes several copies of it."""
    deep = image.mode.startswith(_DEEP) or _has_deep_colours(encoded, image)
    return deep or image.mode in _LAYERED


def _has_deep_colours(encoded: bytes, image: Image.Image) -> bool:
    """Says whether an image has 16 bits in several channels, of which Pillow reads the upper 8."""
    if image.mode.startswith(_DEEP):
        return False
    if isinstance(image, TiffImageFile):
        return max(image.tag_v2.get(BITSPERSAMPLE, (8,))) > 8
    return image.format == "PNG" and encoded[_PNG_BIT_DEPTH] > 8


def reduction(image: Image.Image) -> int:
    """Returns 1, 2, 4 or 8: by how much a JPEG may be reduced to be checked and measured."""
    return min(_factor(image), 8)


def _factor(image: Image.Image) -> int:
    """Returns the power of two that leaves 128 to 255 pixels of the shorter side; at least 1."""
    times = min(image.width, image.height) // _CHECKED_SIDE
    return 1 << (times.bit_length() - 1) if times else 1


def _orientation(encoded: bytes, image: Image.Image) -> Image.Transpose | None:
    if image.format == "PNG" and _PNG_EXIF not in encoded:
        # Pillow would decode the whole picture to look behind it.
        return None
    return _UPRIGHT.get(image.getexif().get(_ORIENTATION, 1))


def _reduced(grey: Image.Image) -> Image.Image:
    """Returns an image at 128 to 255 pixels of the shorter side, if it has as many.

    A JPEG comes out of its check at reduced size. A PNG of the same picture would have more
    contrast, and the formats that sites keep would pass for a difference of their images.
    """
    factor = _factor(grey)
    return grey.reduce(factor) if factor > 1 else grey


def _decode(encoded: bytes) -> tuple[bytes, Image.Image, tuple[str, ...]]:
    with open_image(encoded) as image:
        if is_plain(encoded, image):
            checked = _checked_plain(encoded, image)
            return without_metadata(encoded), checked, ()
        deep = _has_deep_colours(encoded, image)
        image.load()
        # Pillow's own turning writes the EXIF anew, which fails where it is odd.
        turn = _orientation(encoded, image)
        changes = tuple(_changes(image, turn, deep))
        plain_image = _window_to_8_bits(_deep_colours(encoded)) if deep else _plain(image)
        plain_image = plain_image.transpose(turn) if turn is not None else plain_image
    _check_not_blank(plain_image)
    # An ICC profile would be written from here, with its text.
    plain_image.info.clear()
    output = io.BytesIO()
    plain_image.save(output, "PNG")
    return output.getvalue(), plain_image, changes


def _changes(image: Image.Image, turn: Image.Transpose | None, deep: bool) -> Iterator[str]:
    if image.format not in _PLAIN_MODES:
        yield "other format"
    if image.mode in _MODES:
        yield _MODES[image.mode]
    if deep or image.mode.startswith(_DEEP):
        yield "more than 8 bits"
    if turn is not None:
        yield "turned by EXIF"
    if getattr(image, "n_frames", 1) > 1:
        yield "first frame of several"


def _checked_plain(encoded: bytes, image: Image.Image) -> Image.Image:
    """Decodes a plain image, a JPEG at a fraction of its size and without colours.

    All of a JPEG's data are read even so, and a cut is found; only the cosine transform has less
    to do. What looks blank when small and grey is looked at in full. A PNG's checksums are looked
    at beforehand, since its pixels may be whole where its end is not.
    """
    if image.format == "PNG":
        with Image.open(io.BytesIO(encoded)) as chunks:
            chunks.verify()
        if PNG_END not in encoded:
            raise BadImageError("truncated", "no end")
    image.draft("L", (_CHECKED_SIDE, _CHECKED_SIDE))
    image.load()
    if _is_even(image):
        with Image.open(io.BytesIO(encoded)) as whole:
            _check_not_blank(whole)
    return image


def _check_not_blank(image: Image.Image) -> None:
    if _is_even(image):
        raise BadImageError("blank", "every pixel is the same")


def _is_even(image: Image.Image) -> bool:
    """Says whether each band has one value in all of an 8-bit image."""
    extremes = image.getextrema()
    bands = extremes if isinstance(extremes[0], tuple) else (extremes,)
    return all(low == high for low, high in bands)


def _plain(image: Image.Image) -> Image.Image:
    if image.mode.startswith(_DEEP):
        image = _window_to_8_bits(np.asarray(image))
    elif image.mode in _LAYERED:
        image = _on_black(image)
    return image.convert("L" if image.mode in ("L", "1") else "RGB")


def _deep_colours(encoded: bytes) -> npt.NDArray[np.uint16]:
    """Decodes a 16-bit PNG with colours or transparency, and lays it on black.

    Returns:
        uint16 [height, width, 3], or [height, width] if it is grey.
    """
    # Here, since who looks at other images needs no TensorFlow.
    import tensorflow as tf

    values: npt.NDArray[np.uint16] = tf.io.decode_png(encoded, dtype=tf.uint16).numpy()
    channels = values.shape[2]
    colours = values[..., : 3 if channels > 2 else 1]
    if channels in (2, 4):
        on_black = np.empty(colours.shape, np.uint16)
        for row, opacity, target in zip(colours, values[..., -1:], on_black, strict=True):
            target[...] = (row.astype(np.uint32) * opacity + 32767) // 65535
        colours = on_black
    return colours if channels > 2 else colours[..., 0]


def _window_to_8_bits(values: npt.NDArray[Any]) -> Image.Image:
    """Stretches deep values, all channels alike; the outermost 0.1% would waste the range."""
    if not np.isfinite(values).all():
        raise BadImageError("cannot be decoded", "values that are no numbers")
    low, high = np.percentile(values, [0.1, 99.9])
    stretched = np.empty(values.shape, np.uint8)
    # By rows: as floats all of them would take several times the memory.
    for row, target in zip(values, stretched, strict=True):
        scaled = np.clip((row.astype(np.float32) - low) / max(high - low, 1e-6), 0.0, 1.0)
        target[...] = (scaled * 255).round()
    return Image.fromarray(stretched)


def _on_black(image: Image.Image) -> Image.Image:
    layered = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layered.size, (0, 0, 0, 255)), layered)
