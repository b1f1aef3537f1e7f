"""Checks one encoded image, and turns it into what TensorFlow decodes: 8-bit JPEG or PNG."""

import io
import warnings

import numpy as np
from PIL import Image, ImageOps

MAX_PIXELS = 200_000_000
"""More than any radiograph has; larger ones are taken for decompression bombs."""

_PLAIN_MODES = {"JPEG": ("L", "RGB"), "PNG": ("L", "RGB", "1")}
_ORIENTATION = 0x0112


class BadImageError(Exception):
    """Why an image cannot be used: a reason that is the same for the same cause, and a detail."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


def standardise_image(encoded: bytes) -> bytes:
    """Returns bytes that decode to 8 bits, grey or RGB, upright; plain images come back as given.

    CMYK, palette, alpha, 16-bit and EXIF-rotated images are re-encoded as PNG; of an animation
    the first frame counts.

    Raises:
        BadImageError: Empty, not an image, truncated, blank, or absurdly large.
    """
    if not encoded:
        raise BadImageError("empty file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            return _standardise(encoded)
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        reason = "truncated" if "truncated" in str(error).lower() else "cannot be decoded"
        raise BadImageError(reason, type(error).__name__) from error


def _standardise(encoded: bytes) -> bytes:
    with Image.open(io.BytesIO(encoded)) as image:
        if image.width * image.height > MAX_PIXELS:
            raise BadImageError("too large", f"{image.width}x{image.height} pixels")
        image.load()
        low, high = _extremes(image)
        if low == high:
            raise BadImageError("blank", f"every pixel is {low}")
        turned = image.getexif().get(_ORIENTATION, 1) != 1
        plain = image.mode in _PLAIN_MODES.get(image.format or "", ()) and not turned
        if plain and getattr(image, "n_frames", 1) == 1:
            return encoded
        return _encode_png(ImageOps.exif_transpose(image))


def _extremes(image: Image.Image) -> tuple[float, float]:
    extremes = image.getextrema()
    bands = extremes if isinstance(extremes[0], tuple) else (extremes,)
    return min(band[0] for band in bands), max(band[1] for band in bands)


def _encode_png(image: Image.Image) -> bytes:
    if image.mode.startswith(("I", "F")):
        image = _window_to_8_bits(image)
    elif image.mode in ("LA", "PA", "RGBA", "P"):
        image = _on_black(image)
    output = io.BytesIO()
    image.convert("L" if image.mode in ("L", "1") else "RGB").save(output, "PNG")
    return output.getvalue()


def _window_to_8_bits(image: Image.Image) -> Image.Image:
    """Stretches deep grey values; the outermost 0.1% at each end would waste the range."""
    values = np.asarray(image, dtype=np.float32)
    low, high = np.percentile(values, [0.1, 99.9])
    scaled = np.clip((values - low) / max(high - low, 1e-6), 0.0, 1.0)
    return Image.fromarray((scaled * 255).round().astype(np.uint8))


def _on_black(image: Image.Image) -> Image.Image:
    layered = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layered.size, (0, 0, 0, 255)), layered)
