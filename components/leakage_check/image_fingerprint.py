"""What is left of an image when size, encoding and brightness are left out."""

import io

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy.fft import dctn

THUMBNAIL_SIDE = 16
_SIDE = 32
_FREQUENCIES = 8


def image_fingerprint(encoded: bytes) -> tuple[int, bytes]:
    """Returns a perceptual hash and a thumbnail.

    The hash (pHash) has a bit for each of the 64 lowest frequencies of the cosine transform of the
    picture at 32 x 32 grey pixels: whether it is above their median. A new encoding, another size
    or brightness change few bits or none.

    Args:
        encoded: A JPEG or PNG of 8 bits.

    Returns:
        64 bits as a whole number, and 16 x 16 grey pixels as bytes.
    """
    with Image.open(io.BytesIO(encoded)) as image:
        # A JPEG is decoded at a smaller size at once, which takes a fraction of the time.
        image.draft("L", (2 * _SIDE, 2 * _SIDE))
        small = image.convert("L").resize((_SIDE, _SIDE), Image.Resampling.BOX)
    pixels = np.asarray(small, np.float64)
    frequencies = dctn(pixels, norm="ortho")[:_FREQUENCIES, :_FREQUENCIES].ravel()
    bits = frequencies > np.median(frequencies)
    thumbnail = pixels.reshape(THUMBNAIL_SIDE, 2, THUMBNAIL_SIDE, 2).mean(axis=(1, 3))
    return int.from_bytes(np.packbits(bits).tobytes(), "big"), np.rint(thumbnail).astype(
        np.uint8
    ).tobytes()


def correlations(
    thumbnail: npt.NDArray[np.uint8], others: npt.NDArray[np.uint8]
) -> npt.NDArray[np.float64]:
    """Returns Pearson's correlation of a thumbnail with each of the others.

    Args:
        thumbnail: uint8 [pixels].
        others: uint8 [images, pixels].

    Returns:
        float64 [images]; 0 where a thumbnail is of one grey.
    """
    one = thumbnail.astype(np.float64) - thumbnail.mean()
    many = others.astype(np.float64) - others.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(one) * np.linalg.norm(many, axis=1)
    return np.divide(many @ one, lengths, out=np.zeros(len(many)), where=lengths > 0)
