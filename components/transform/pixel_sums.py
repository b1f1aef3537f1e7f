"""Sums of an image's pixels, for mean and standard deviation over a split.

A JPEG is decoded at a half, a quarter or an eighth of its size where that is still no smaller than
half the square, and not resized: a quarter of the time of `decode_square`, for the same mean and,
to a few hundredths, the same standard deviation. Any other image is summed as its square is.
"""

import tensorflow as tf

from components.transform.squares import central_square, decode, decode_square

_RATIOS = (8, 4, 2, 1)
"""What a JPEG's decoder can divide the size by."""


def pixel_sums(encoded: tf.Tensor, image_size: int, fit: str) -> tf.Tensor:
    """Returns the sums of values and of squared values over the pixels of the square.

    Args:
        encoded: String scalar, a JPEG or PNG.
        image_size: Side of the square, pixels.
        fit: `pad` or `crop`.

    Returns:
        int64 [2, 3], by channel; whole numbers add up to the same in any order.
    """
    return tf.cond(
        tf.io.is_jpeg(encoded),
        lambda: _of_jpeg(encoded, image_size, fit),
        lambda: _whole(_moments(decode_square(encoded, image_size, fit))),
    )


def _of_jpeg(encoded: tf.Tensor, image_size: int, fit: str) -> tf.Tensor:
    shape = tf.io.extract_jpeg_shape(encoded)[:2]
    side = tf.reduce_max(shape) if fit == "pad" else tf.reduce_min(shape)
    image = _reduced(encoded, 2 * side // image_size, _RATIOS)
    if fit == "crop":
        image = central_square(image)
    # Black beside the image adds nothing to a sum.
    longest = tf.cast(tf.reduce_max(tf.shape(image)[:2]), tf.float64)
    return _whole(_moments(image) * (image_size / longest) ** 2)


def _reduced(encoded: tf.Tensor, largest: tf.Tensor, ratios: tuple[int, ...]) -> tf.Tensor:
    """Decodes at the first of the ratios that is at most `largest`, or at the last."""
    first, *others = ratios
    if not others:
        return decode(encoded, first)
    # Nested conditions, since tf.Transform cannot take tf.switch_case.
    return tf.cond(
        largest >= first,
        lambda: decode(encoded, first),
        lambda: _reduced(encoded, largest, tuple(others)),
    )


def _moments(image: tf.Tensor) -> tf.Tensor:
    # Whole numbers below 2 ** 53 are exact in float64, whose sums take less time than int64's.
    values = tf.cast(tf.reshape(image, [-1, 3]), tf.float64)
    return tf.stack([tf.reduce_sum(values, 0), tf.reduce_sum(values**2, 0)])


def _whole(moments: tf.Tensor) -> tf.Tensor:
    return tf.cast(tf.round(moments), tf.int64)
