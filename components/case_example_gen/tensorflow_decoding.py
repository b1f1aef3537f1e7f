"""Images as TensorFlow decodes them: what ingestion takes in, no later step may fail at."""

import tensorflow as tf
from PIL import Image

from components.case_example_gen.image_metadata import without_metadata
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

    A plain image is decoded by TensorFlow in place of Pillow, which is more lenient: a damaged
    file that passed would stop the Transform of a whole data set. What is decoded are the bytes
    that are kept, without metadata.

    Raises:
        BadImageError: As `standardise_and_measure` says, or TensorFlow cannot decode it.
    """
    decoded = _decode_plain(encoded)
    if decoded is not None:
        kept, grey = decoded
        low, high = grey.getextrema()
        if low != high:
            return measure(kept, grey)
    # Not plain, damaged or even: Pillow tells which.
    measured = standardise_and_measure(encoded)
    if decoded is None and not measured.changes:
        raise BadImageError("cannot be decoded", "by TensorFlow")
    return measured


def _decode_plain(encoded: bytes) -> tuple[bytes, Image.Image] | None:
    """Returns a plain image's bytes without metadata, and its grey values, of a JPEG reduced.

    None if it is not plain, or cannot be decoded.
    """
    try:
        with open_image(encoded) as image:
            if not is_plain(encoded, image):
                return None
            ratio = reduction(image) if image.format == "JPEG" else 1
            channels = 1 if image.format == "JPEG" or image.mode != "RGB" else 3
        kept = without_metadata(encoded)
    except Exception:
        return None
    try:
        # The default for the fraction is a whole number, which TensorFlow takes a slower way.
        pixels = tf.io.decode_jpeg(
            tf.constant(kept),
            channels=channels,
            ratio=ratio,
            acceptable_fraction=1.0,
            dct_method="INTEGER_ACCURATE",
        ).numpy()
    except tf.errors.InvalidArgumentError:
        return None
    if channels == 1:
        return kept, Image.fromarray(pixels[..., 0])
    return kept, Image.fromarray(pixels).convert("L")
