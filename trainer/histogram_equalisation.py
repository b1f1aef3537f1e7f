"""Histogram equalisation of a batch."""

import tensorflow as tf

_LEVELS = 256


def equalise_histograms(images: tf.Tensor, chosen: tf.Tensor) -> tf.Tensor:
    """Spreads the brightness levels of each channel evenly, as `PIL.ImageOps.equalize` does.

    REMEDIS equalises half of its X-rays (`equalize_histogram`). With n pixels, of which c have
    the brightest level present, level v becomes floor((s/2 + pixels darker than v) / s), where
    s = floor((n - c) / 255); a channel with s = 0 stays.

    Args:
        images: float32 [n, side, side, 3] in [0, 1], rounded to 256 levels where chosen.
        chosen: float32 [n], 1 for the images to equalise, 0 for those that stay.

    Returns:
        float32 [n, side, side, 3] in [0, 1].
    """
    levels = tf.cast(tf.round(images * (_LEVELS - 1)), tf.int32)
    channels = tf.shape(images)[0] * 3
    histogram_of = tf.reshape(tf.range(channels), [-1, 1, 1, 3])
    bins = levels + _LEVELS * histogram_of
    counts = tf.math.unsorted_segment_sum(tf.ones_like(bins), bins, channels * _LEVELS)
    counts = tf.reshape(counts, [-1, _LEVELS])
    darker = tf.cumsum(counts, axis=1, exclusive=True)
    brightest = tf.reduce_max(tf.where(counts > 0, tf.range(_LEVELS), 0), axis=1, keepdims=True)
    of_brightest = tf.gather(counts, brightest, batch_dims=1)
    step = (tf.reduce_sum(counts, axis=1, keepdims=True) - of_brightest) // (_LEVELS - 1)
    equalised = (step // 2 + darker) // tf.maximum(step, 1)
    table = tf.where(step > 0, tf.minimum(equalised, _LEVELS - 1), tf.range(_LEVELS))
    spread = tf.gather(tf.reshape(table, [-1]), bins)
    spread = tf.cast(spread, tf.float32) / (_LEVELS - 1)
    return tf.where(chosen[:, tf.newaxis, tf.newaxis, tf.newaxis] > 0, spread, images)
