"""Checks one encoded image, and turns it into what TensorFlow decodes: 8-bit JPEG or PNG."""

import io
import warnings
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageOps

MAX_PIXELS = 150_000_000
"""More than any radiograph has; larger ones are taken for decompression bombs.

Less than 179 million, beyond which Pillow opens no image at all.
"""

_CHECKED_SIDE = 128
"""A JPEG is checked and measured at no fewer pixels than this a side, if it has them."""

_PLAIN_MODES = {"JPEG": ("L", "RGB"), "PNG": ("L", "RGB", "1")}
_ORIENTATION = 0x0112


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
        encoded: 8-bit JPEG or PNG.
        mean: Of the grey values, 0 black to 1 white.
        contrast: Their standard deviation, at 128 to 255 pixels of the shorter side.
    """

    encoded: bytes
    mean: float
    contrast: float


def open_image(encoded: bytes) -> Image.Image:
    """Reads an image's header; its pixels are decoded once they are asked for.

    Raises:
        BadImageError: Absurdly large.
        OSError: Not an image; Pillow raises others where a header is broken.
    """
    try:
        image = Image.open(io.BytesIO(encoded))
    except Image.DecompressionBombError as error:
        raise BadImageError("too large", type(error).__name__) from error
    if image.width * image.height > MAX_PIXELS:
        raise BadImageError("too large", f"{image.width}x{image.height} pixels")
    return image


def standardise_image(encoded: bytes) -> bytes:
    """Returns bytes that decode to 8 bits, grey or RGB, upright; plain images come back as given.

    CMYK, palette, alpha, 16-bit and EXIF-rotated images are re-encoded as PNG; of an animation
    the first frame counts.

    Raises:
        BadImageError: Empty, not an image, truncated, blank, or absurdly large.
    """
    return _standardise(encoded)[0]


def standardise_and_measure(encoded: bytes) -> MeasuredImage:
    """Does what `standardise_image` does and measures the image that it has decoded anyway.

    Raises:
        BadImageError: As `standardise_image` says.
    """
    standard, image = _standardise(encoded)
    values = np.asarray(_reduced(image.convert("L")), np.float32) / 255
    return MeasuredImage(standard, float(values.mean()), float(values.std()))


def _reduced(grey: Image.Image) -> Image.Image:
    """Returns an image at 128 to 255 pixels of the shorter side, if it has as many.

    A JPEG comes out of its check at reduced size. A PNG of the same picture would have more
    contrast, and the formats that sites keep would pass for a difference of their images.
    """
    times = min(grey.width, grey.height) // _CHECKED_SIDE
    factor = 1 << (times.bit_length() - 1) if times else 1
    return grey.reduce(factor) if factor > 1 else grey


def _standardise(encoded: bytes) -> tuple[bytes, Image.Image]:
    if not encoded:
        raise BadImageError("empty file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            return _decode(encoded)
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        reason = "truncated" if "truncated" in str(error).lower() else "cannot be decoded"
        raise BadImageError(reason, type(error).__name__) from error


def _decode(encoded: bytes) -> tuple[bytes, Image.Image]:
    with open_image(encoded) as image:
        turned = image.getexif().get(_ORIENTATION, 1) != 1
        plain = image.mode in _PLAIN_MODES.get(image.format or "", ()) and not turned
        if plain and getattr(image, "n_frames", 1) == 1:
            return encoded, _checked_plain(encoded, image)
        image.load()
        _check_not_blank(image)
        plain_image = _plain(ImageOps.exif_transpose(image))
    output = io.BytesIO()
    plain_image.save(output, "PNG")
    return output.getvalue(), plain_image


def _checked_plain(encoded: bytes, image: Image.Image) -> Image.Image:
    """Decodes an image that stays as it is, a JPEG at a fraction of its size and without colours.

    All of a JPEG's data are read even so, and a cut is found; only the cosine transform has less
    to do. What looks blank when small and grey is looked at in full.
    """
    image.draft("L", (_CHECKED_SIDE, _CHECKED_SIDE))
    image.load()
    low, high = _extremes(image)
    if low == high:
        with Image.open(io.BytesIO(encoded)) as whole:
            _check_not_blank(whole)
    return image


def _check_not_blank(image: Image.Image) -> None:
    low, high = _extremes(image)
    if low == high:
        raise BadImageError("blank", f"every pixel is {low}")


def _extremes(image: Image.Image) -> tuple[float, float]:
    extremes = image.getextrema()
    bands = extremes if isinstance(extremes[0], tuple) else (extremes,)
    return min(band[0] for band in bands), max(band[1] for band in bands)


def _plain(image: Image.Image) -> Image.Image:
    if image.mode.startswith(("I", "F")):
        image = _window_to_8_bits(image)
    elif image.mode in ("LA", "PA", "RGBA", "P"):
        image = _on_black(image)
    return image.convert("L" if image.mode in ("L", "1") else "RGB")


def _window_to_8_bits(image: Image.Image) -> Image.Image:
    """Stretches deep grey values; the outermost 0.1% at each end would waste the range."""
    values = np.asarray(image, dtype=np.float32)
    low, high = np.percentile(values, [0.1, 99.9])
    scaled = np.clip((values - low) / max(high - low, 1e-6), 0.0, 1.0)
    return Image.fromarray((scaled * 255).round().astype(np.uint8))


def _on_black(image: Image.Image) -> Image.Image:
    layered = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layered.size, (0, 0, 0, 255)), layered)
