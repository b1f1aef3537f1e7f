"""Images as TensorFlow decodes them: what ingestion takes in, no later step may fail at."""

import tensorflow as tf
from PIL import Image

from components.case_example_gen.images import (
    BadImageError,
    MeasuredImage,
    is_plain,
    measure,
    open_image,
    reduction,
    standardise_and_measure,
)


def decodable_image(encoded: bytes) -> MeasuredImage:
    """Returns an image as `standardise_and_measure` does, if TensorFlow decodes it.

    An image that stays as it is is decoded by TensorFlow in place of Pillow, which is more
    lenient: a damaged file that passed would stop the Transform of a whole data set.

    Raises:
        BadImageError: As `standardise_and_measure` says, or TensorFlow cannot decode it.
    """
    decoded = _decode_plain(encoded)
    if decoded is not None:
        low, high = decoded.getextrema()
        if low != high:
            return measure(encoded, decoded)
    # Not plain, damaged or even: Pillow tells which.
    measured = standardise_and_measure(encoded)
    if decoded is None and measured.encoded is encoded:
        raise BadImageError("cannot be decoded", "by TensorFlow")
    return measured


def _decode_plain(encoded: bytes) -> Image.Image | None:
    """Decodes a plain image into grey values, a JPEG reduced; None if that cannot be."""
    try:
        with open_image(encoded) as image:
            if not is_plain(encoded, image):
                return None
            ratio = reduction(image) if image.format == "JPEG" else 1
            channels = 1 if image.format == "JPEG" or image.mode != "RGB" else 3
    except Exception:
        return None
    try:
        pixels = tf.io.decode_jpeg(
            encoded, channels=channels, ratio=ratio, dct_method="INTEGER_ACCURATE"
        ).numpy()
    except tf.errors.InvalidArgumentError:
        return None
    return Image.fromarray(pixels[..., 0] if channels == 1 else pixels).convert("L")
