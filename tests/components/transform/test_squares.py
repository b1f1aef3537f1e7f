"""Squares of images of every size, and the sums of their pixels, against Pillow and NumPy."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from components.transform.pixel_sums import pixel_sums
from components.transform.preprocessing import transform_images
from components.transform.squares import decode, decode_square

SIZE = 32


def photograph(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Noise whose power falls with frequency, as a photograph's does."""
    random = np.random.default_rng(seed)
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)[None])
    frequency[0, 0] = 1 / max(height, width)
    noise = np.fft.fft2(random.normal(size=(3, height, width))) / frequency**1.5
    values = np.real(np.fft.ifft2(noise))
    values = (values - values.mean()) / values.std() * 45 + 120
    return np.clip(values, 0, 255).astype(np.uint8).transpose(1, 2, 0)


def encoded(pixels: np.ndarray, kind: str = "JPEG", **options: object) -> bytes:
    output = io.BytesIO()
    Image.fromarray(pixels).save(output, kind, **options)
    return output.getvalue()


@pytest.mark.parametrize("side", [100, 224, 300, 511, 512, 777])
def test_a_square_image_fills_the_square_without_a_black_line(side):
    white = np.full((side, side, 3), 255, np.uint8)
    assert decode_square(tf.constant(encoded(white, "PNG")), 224, "pad").numpy().min() == 255


@pytest.mark.parametrize(("height", "width"), [(10, 640), (640, 10), (1, 999), (33, 32)])
def test_a_long_image_keeps_a_line_at_least(height, width):
    white = np.full((height, width, 3), 255, np.uint8)
    square = decode_square(tf.constant(encoded(white, "PNG")), SIZE, "pad").numpy()
    longest = max(height, width)
    expected = max(1, round(height * SIZE / longest)) * max(1, round(width * SIZE / longest))
    assert (square == 255).all(axis=2).sum() == expected
    assert square.shape == (SIZE, SIZE, 3)


@pytest.mark.parametrize(
    ("height", "width"), [(512, 512), (300, 500), (999, 40), (1, 7), (20, 20), (224, 100)]
)
def test_a_square_is_resized_as_tensorflow_resizes_to_the_last_bit(height, width):
    pixels = photograph(height, width)
    square = decode_square(tf.constant(encoded(pixels, "PNG")), 224, "pad").numpy()
    longest = max(height, width)
    rows, columns = (
        max(1, (2 * side * 224 + longest) // (2 * longest)) for side in pixels.shape[:2]
    )
    theirs = tf.image.resize(pixels, [rows, columns], antialias=True).numpy()
    top, left = (224 - rows) // 2, (224 - columns) // 2
    np.testing.assert_array_equal(
        square[top : top + rows, left : left + columns], np.clip(np.round(theirs), 0, 255)
    )


@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_is_decoded_as_pillow_decodes_it(progressive):
    content = encoded(photograph(60, 80), quality=90, progressive=progressive)
    theirs = np.asarray(Image.open(io.BytesIO(content)), dtype=int)
    assert np.abs(decode(tf.constant(content)).numpy() - theirs).max() <= 1


def sums_of_square(content: bytes, fit: str) -> np.ndarray:
    square = decode_square(tf.constant(content), SIZE, fit).numpy().astype(np.int64)
    return np.stack([square.sum((0, 1)), (square**2).sum((0, 1))])


@pytest.mark.parametrize("fit", ["pad", "crop"])
def test_the_sums_of_a_png_are_those_of_its_square(fit):
    content = encoded(photograph(50, 90), "PNG")
    sums = pixel_sums(tf.constant(content), SIZE, fit)
    np.testing.assert_array_equal(sums, sums_of_square(content, fit))


@pytest.mark.parametrize("fit", ["pad", "crop"])
@pytest.mark.parametrize(
    ("height", "width"), [(20, 28), (33, 33), (64, 64), (70, 130), (256, 200), (900, 1100)]
)
def test_the_sums_of_a_jpeg_are_nearly_those_of_its_square(fit, height, width):
    means, deviations = [], []
    for seed in range(3):
        content = encoded(photograph(height, width, seed), quality=92)
        ours, square = (
            np.asarray(sums) / SIZE**2
            for sums in (pixel_sums(tf.constant(content), SIZE, fit), sums_of_square(content, fit))
        )
        means.append((ours[0] - square[0]) / 255)
        deviations.append(np.sqrt(ours[1] - ours[0] ** 2) / np.sqrt(square[1] - square[0] ** 2))
    assert np.abs(np.mean(means, axis=0)).max() < 0.005
    assert np.abs(np.mean(deviations, axis=0) - 1).max() < 0.08


def test_a_grey_jpeg_has_three_equal_sums():
    sums = pixel_sums(tf.constant(encoded(photograph(80, 80)[:, :, 0])), SIZE, "pad").numpy()
    assert (sums == sums[:, :1]).all()
    assert sums[0, 0] > 0


@pytest.mark.parametrize("fit", ["pad", "crop"])
def test_no_operation_has_a_state_so_that_each_pass_does_its_own_work_only(fit):
    # tf.Transform keeps what has a state in the graphs of both its passes, needed or not.
    def both(images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        sums = tf.map_fn(
            lambda image: pixel_sums(image, SIZE, fit),
            images,
            fn_output_signature=tf.TensorSpec([2, 3], tf.int64),
        )
        return transform_images(images, SIZE, fit), sums

    traced = tf.function(both, autograph=False).get_concrete_function(
        tf.TensorSpec([None], tf.string)
    )
    assert not [op.name for op in traced.graph.get_operations() if op.op_def.is_stateful]
