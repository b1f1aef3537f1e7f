"""One encoded image as the square that a network reads."""

import tensorflow as tf

JPEG_QUALITY = 95


def decode(encoded: tf.Tensor, ratio: int = 1) -> tf.Tensor:
    """Decodes a JPEG or PNG into uint8 [height, width, 3]; grey becomes three channels.

    Args:
        encoded: String scalar.
        ratio: 1, 2, 4 or 8; a JPEG's height and width are divided by it.
    """
    # The faster cosine transform shifts red and blue by about one level of 255.
    image = tf.io.decode_jpeg(encoded, channels=3, ratio=ratio, dct_method="INTEGER_ACCURATE")
    return tf.ensure_shape(image, [None, None, 3])


def decode_square(encoded: tf.Tensor, image_size: int, fit: str) -> tf.Tensor:
    """Decodes a JPEG or PNG into uint8 [image_size, image_size, 3]; grey becomes three channels.

    Args:
        encoded: String scalar.
        image_size: Pixels.
        fit: `pad` or `crop`.
    """
    image = decode(encoded)
    if fit == "crop":
        return _resize(central_square(image), image_size, image_size)
    # Whole numbers: tf.image.resize_with_pad leaves a black line, since 512 / (512 / 224) < 224.
    height, width = tf.unstack(tf.shape(image)[:2])
    longest = tf.maximum(height, width)
    height, width = (
        tf.maximum((2 * side * image_size + longest) // (2 * longest), 1)
        for side in (height, width)
    )
    below, right = image_size - height, image_size - width
    # tf.image.pad_to_bounding_box checks its arguments by operations with a state, which would make
    # tf.Transform decode every image while it analyses and take the sums while it transforms.
    padding = [[below // 2, below - below // 2], [right // 2, right - right // 2], [0, 0]]
    square = tf.pad(_resize(image, height, width), padding)
    return tf.ensure_shape(square, [image_size, image_size, 3])


def central_square(image: tf.Tensor) -> tf.Tensor:
    """Returns the largest square around the centre of an image [height, width, 3]."""
    height, width = tf.unstack(tf.shape(image)[:2])
    side = tf.minimum(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return image[top : top + side, left : left + side]


def _resize(image: tf.Tensor, height: tf.Tensor | int, width: tf.Tensor | int) -> tf.Tensor:
    """Returns what `tf.image.resize` makes of an image, to the last bit, in half of its time.

    TensorFlow adds up rows in long vectors, and columns a pixel's three channels at a time.
    """
    resized = _resize_rows(image, height)
    resized = tf.transpose(_resize_rows(tf.transpose(resized, [1, 0, 2]), width), [1, 0, 2])
    # Weighted means of whole numbers up to 255: nothing to clip once they are rounded.
    return tf.cast(tf.round(resized), tf.uint8)


def _resize_rows(image: tf.Tensor, height: tf.Tensor | int) -> tf.Tensor:
    """Brings an image [rows, width, 3] to `height` rows: each is one pixel of many channels."""
    rows, width = tf.unstack(tf.shape(image)[:2])
    column = tf.reshape(image, [1, rows, 1, width * 3])
    return tf.reshape(tf.image.resize(column, [height, 1], antialias=True), [height, width, 3])


def encode_square(image: tf.Tensor) -> tf.Tensor:
    """Encodes uint8 [image_size, image_size, 3] as the JPEG that training reads."""
    return tf.io.encode_jpeg(image, quality=JPEG_QUALITY, chroma_downsampling=False)
