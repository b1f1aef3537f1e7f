"""Images of every mode become 8 bits, upright; broken ones are refused with their reason."""

import io
import struct

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageOps

from components.case_example_gen import images
from components.case_example_gen.images import BadImageError, standardise_and_measure
from tests.claimed_png import with_claimed_size
from tests.image_metadata import png_chunk

PIXELS = np.random.default_rng(0).integers(0, 256, (12, 16, 3), dtype=np.uint8)


def encoded(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    output = io.BytesIO()
    image.save(output, kind, **options)
    return output.getvalue()


def standardise_image(content: bytes) -> bytes:
    return standardise_and_measure(content).encoded


def decoded(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_plain_image_comes_back_as_it_was(mode, kind):
    content = encoded(Image.fromarray(PIXELS).convert(mode), kind)
    assert standardise_image(content) == content


def test_cmyk_becomes_rgb():
    content = encoded(Image.fromarray(PIXELS).convert("CMYK"), "JPEG", quality=95)
    assert decoded(standardise_image(content)).mode == "RGB"


def test_a_palette_image_keeps_its_colours():
    palette = Image.fromarray(PIXELS).quantize(16)
    result = decoded(standardise_image(encoded(palette)))
    np.testing.assert_array_equal(np.asarray(result), np.asarray(palette.convert("RGB")))


def test_transparency_is_laid_on_black():
    alpha = np.zeros((12, 16, 1), np.uint8)
    alpha[:6] = 255
    content = encoded(Image.fromarray(np.concatenate([PIXELS, alpha], axis=2)))
    result = np.asarray(decoded(standardise_image(content)))
    np.testing.assert_array_equal(result[:6], PIXELS[:6])
    assert not result[6:].any()


def test_sixteen_bits_are_stretched_to_eight():
    ramp = np.linspace(1000, 5000, 12 * 16).reshape(12, 16).astype(np.uint16)
    result = np.asarray(decoded(standardise_image(encoded(Image.fromarray(ramp)))))
    assert (result.dtype, result.ndim, result.min(), result.max()) == (np.uint8, 2, 0, 255)
    assert (np.diff(result.reshape(-1).astype(int)) >= 0).all()


def deep_png(values: np.ndarray) -> bytes:
    """TensorFlow's encoder; Pillow writes no colours of 16 bits."""
    return tf.io.encode_png(values.astype(np.uint16)).numpy()


def test_sixteen_bits_of_colour_are_stretched_like_those_of_grey():
    """12 bits in 16, as scanners give them, of which the upper byte alone is nearly black."""
    grey = np.linspace(0, 4095, 30 * 40).reshape(30, 40).astype(np.uint16)
    result = np.asarray(decoded(standardise_image(deep_png(np.dstack([grey] * 3)))))
    of_grey = np.asarray(decoded(standardise_image(deep_png(grey[..., None]))))
    assert result.shape == (30, 40, 3)
    for channel in range(3):
        np.testing.assert_allclose(result[..., channel], of_grey.astype(float), atol=1)
    assert (of_grey.min(), of_grey.max()) == (0, 255)


def test_all_channels_of_sixteen_bits_are_stretched_alike_so_that_hues_stay():
    ramp = np.linspace(0, 4000, 30 * 40).reshape(30, 40)
    result = np.asarray(
        decoded(standardise_image(deep_png(np.dstack([ramp, ramp / 2, ramp / 4])))), np.float64
    )
    np.testing.assert_allclose(result[..., 1], result[..., 0] / 2, atol=1)
    np.testing.assert_allclose(result[..., 2], result[..., 0] / 4, atol=1)


@pytest.mark.parametrize("channels", [1, 3])
def test_sixteen_bits_with_transparency_are_laid_on_black_and_stretched(channels):
    values = np.tile(np.linspace(1000, 4000, 40)[None, :, None], (40, 1, channels))
    alpha = np.zeros((40, 40, 1))
    alpha[20:] = 65535
    result = np.asarray(decoded(standardise_image(deep_png(np.dstack([values, alpha])))))
    assert not result[:20].any()
    assert result[20:].min() == pytest.approx(255 / 4, abs=1)
    assert result.max() == 255


def test_colours_of_sixteen_bits_are_turned_upright_too():
    exif = Image.Exif()
    exif[0x0112] = 6
    content = deep_png(PIXELS.astype(np.uint16) * 16)
    rotated = content[:33] + png_chunk(b"eXIf", exif.tobytes()[6:]) + content[33:]
    upright = np.rot90(decoded(standardise_image(content)), k=-1)
    np.testing.assert_array_equal(np.asarray(decoded(standardise_image(rotated))), upright)


def test_a_cut_png_of_sixteen_bits_is_truncated():
    with pytest.raises(BadImageError) as error:
        standardise_image(deep_png(PIXELS.astype(np.uint16) * 257)[:-100])
    assert error.value.reason == "truncated"


def deep_tiff() -> bytes:
    """An uncompressed little-endian TIFF of one pixel, RGB of 16 bits each."""
    entries = [
        (256, 3, 1, 1),
        (257, 3, 1, 1),
        (258, 3, 3, 122),
        (259, 3, 1, 1),
        (262, 3, 1, 2),
        (273, 4, 1, 128),
        (277, 3, 1, 3),
        (278, 3, 1, 1),
        (279, 4, 1, 6),
    ]
    directory = b"".join(struct.pack("<HHLL", *entry) for entry in entries)
    header = b"II*\0" + struct.pack("<LH", 8, len(entries)) + directory + bytes(4)
    return header + struct.pack("<3H3H", 16, 16, 16, 4095, 2000, 100)


def test_colours_of_sixteen_bits_in_a_tiff_are_refused_rather_than_blackened():
    assert decoded(deep_tiff()).mode == "RGB"
    with pytest.raises(BadImageError) as error:
        standardise_image(deep_tiff())
    assert error.value.reason == "colours of more than 8 bits"


def test_an_exif_rotated_image_is_turned_upright():
    exif = Image.Exif()
    exif[0x0112] = 6
    content = encoded(Image.fromarray(PIXELS), "PNG", exif=exif)
    result = np.asarray(decoded(standardise_image(content)))
    np.testing.assert_array_equal(result, np.rot90(PIXELS, k=-1))


def turned() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return encoded(Image.fromarray(PIXELS), "JPEG", exif=exif)


@pytest.mark.parametrize(
    ("content", "changes"),
    [
        (encoded(Image.fromarray(PIXELS)), ()),
        (encoded(Image.fromarray(PIXELS).convert("CMYK"), "JPEG"), ("other colours",)),
        (encoded(Image.fromarray(PIXELS).convert("P")), ("palette",)),
        (encoded(Image.fromarray(PIXELS).convert("RGBA")), ("transparent",)),
        (encoded(Image.fromarray(PIXELS[..., 0].astype(np.uint16) * 9)), ("more than 8 bits",)),
        (deep_png(PIXELS.astype(np.uint16) * 9), ("more than 8 bits",)),
        (deep_png(np.dstack([PIXELS] * 2)[..., :4] * 9), ("transparent", "more than 8 bits")),
        (deep_png(PIXELS[..., :2].astype(np.uint16) * 9), ("transparent", "more than 8 bits")),
        (encoded(Image.fromarray(PIXELS), "BMP"), ("other format",)),
        (turned(), ("turned by EXIF",)),
    ],
)
def test_what_was_changed_is_said(content, changes):
    assert standardise_and_measure(content).changes == changes


@pytest.mark.parametrize("mode", ["L", "RGB", "I;16", "1"])
def test_mean_and_contrast_are_those_of_the_grey_values_that_are_kept(mode):
    deep = Image.fromarray(PIXELS[..., 0].astype(np.uint16) * 257)
    image = deep if mode == "I;16" else Image.fromarray(PIXELS).convert(mode)
    measured = standardise_and_measure(encoded(image))
    grey = np.asarray(decoded(measured.encoded).convert("L")) / 255
    assert measured.mean == pytest.approx(grey.mean(), abs=1e-6)
    assert measured.contrast == pytest.approx(grey.std(), abs=1e-6)


def test_a_large_image_is_measured_by_a_sample_of_its_pixels():
    ramp = np.tile(np.linspace(20, 220, 900, dtype=np.uint8), (700, 1))
    measured = standardise_and_measure(encoded(Image.fromarray(ramp)))
    assert measured.mean == pytest.approx(ramp.mean() / 255, abs=0.005)
    assert measured.contrast == pytest.approx(ramp.std() / 255, abs=0.005)


def test_of_an_animation_the_first_frame_counts():
    frames = [Image.fromarray(np.full((8, 8), 10, np.uint8)) for _ in range(2)]
    first = np.zeros((8, 8), np.uint8)
    first[0, 0] = 200
    frames[0] = Image.fromarray(first)
    content = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    result = np.asarray(decoded(standardise_image(content)).convert("L"))
    np.testing.assert_array_equal(result, first)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty file"),
        (b"no image at all", "cannot be decoded"),
        (encoded(Image.fromarray(PIXELS), "JPEG")[:300], "truncated"),
        (encoded(Image.new("L", (9, 9), 77)), "blank"),
        (encoded(Image.new("RGB", (9, 9), (200, 10, 30))), "blank"),
        (encoded(Image.new("RGB", (9, 9), (200, 10, 30)), "JPEG"), "blank"),
        (encoded(Image.new("RGBA", (9, 9), (0, 0, 0, 255))), "blank"),
        (encoded(Image.new("LA", (9, 9), (0, 255))), "blank"),
        (encoded(Image.new("CMYK", (9, 9), (0, 0, 0, 255)), "JPEG"), "blank"),
        (encoded(Image.fromarray(np.dstack([PIXELS, np.zeros((12, 16), np.uint8)]))), "blank"),
        (encoded(Image.fromarray(np.full((9, 9), 700, np.uint16))), "blank"),
        (encoded(Image.fromarray(np.float32([[0, 1], [2, np.nan]])), "TIFF"), "cannot be decoded"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_reason(content, reason):
    with pytest.raises(BadImageError) as error:
        standardise_image(content)
    assert error.value.reason == reason


@pytest.mark.parametrize("missing", range(1, 30))
def test_a_png_without_its_end_is_refused_although_its_pixels_are_whole(missing):
    with pytest.raises(BadImageError):
        standardise_image(encoded(Image.fromarray(PIXELS))[:-missing])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_each_exif_orientation_is_turned_as_pillow_turns_it(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = encoded(Image.fromarray(PIXELS), "PNG", exif=exif)
    upright = ImageOps.exif_transpose(decoded(content))
    np.testing.assert_array_equal(np.asarray(decoded(standardise_image(content))), upright)


def test_odd_exif_of_a_rotated_image_does_not_matter():
    """An ImageWidth that is a fraction can be read and cannot be written again."""
    width = struct.pack("<HHLL", 0x0100, 5, 1, 38)
    orientation = struct.pack("<HHLHH", 0x0112, 3, 1, 6, 0)
    header = b"Exif\0\0II*\0" + struct.pack("<LH", 8, 2)
    exif = header + width + orientation + struct.pack("<LLL", 0, 1, 3)
    content = encoded(Image.fromarray(PIXELS), "JPEG", exif=exif, quality=95)
    with pytest.raises(struct.error):
        ImageOps.exif_transpose(decoded(content))
    assert decoded(standardise_image(content)).size == (12, 16)


def test_what_pillow_raises_is_always_a_reason(monkeypatch):
    def fail(*_):
        raise struct.error("required argument is not an integer")

    monkeypatch.setattr(images, "is_plain", fail)
    with pytest.raises(BadImageError) as error:
        standardise_image(encoded(Image.fromarray(PIXELS)))
    assert (error.value.reason, error.value.detail) == ("cannot be decoded", "error")


def test_an_absurdly_large_image_is_refused_before_it_is_decoded(monkeypatch):
    monkeypatch.setattr(images, "MAX_PIXELS", 100)
    with pytest.raises(BadImageError) as error:
        standardise_image(encoded(Image.fromarray(PIXELS)))
    assert (error.value.reason, error.value.detail) == (
        "too large",
        "16x12 pixels, more than 100",
    )


@pytest.mark.parametrize("mode", ["P", "RGBA", "LA", "I;16", "deep RGB"])
def test_an_image_whose_conversion_takes_copies_may_have_fewer_pixels(mode):
    if mode == "deep RGB":
        content = deep_png(PIXELS)
    elif mode == "I;16":
        content = encoded(Image.fromarray(PIXELS[..., 0].astype(np.uint16)))
    else:
        content = encoded(Image.fromarray(PIXELS).convert(mode))
    with pytest.raises(BadImageError) as error:
        standardise_image(with_claimed_size(content, 10_000, 10_000))
    assert (error.value.reason, error.value.detail) == (
        "too large",
        "10000x10000 pixels, more than 60000000",
    )


def test_a_plain_image_of_as_many_pixels_is_not_called_too_large():
    content = with_claimed_size(encoded(Image.fromarray(PIXELS)), 10_000, 10_000)
    assert images.open_image(content).size == (10_000, 10_000)


@pytest.mark.parametrize(("width", "height"), [(13_000, 13_000), (60_000, 60_000)])
def test_a_decompression_bomb_is_called_too_large(width, height):
    """13,000 a side Pillow opens with a warning, 60,000 it does not open."""
    with pytest.raises(BadImageError) as error:
        standardise_image(with_claimed_size(encoded(Image.fromarray(PIXELS)), width, height))
    assert error.value.reason == "too large"


def photograph(side: int = 300) -> Image.Image:
    """A JPEG of it is decoded at a half of its size by the check."""
    small = np.random.default_rng(1).integers(0, 256, (20, 20, 3), dtype=np.uint8)
    noise = np.random.default_rng(2).integers(0, 30, (side, side, 3), dtype=np.uint8)
    large = np.asarray(Image.fromarray(small).resize((side, side), Image.Resampling.BICUBIC))
    return Image.fromarray(large // 2 + noise)


JPEGS = {
    "baseline": encoded(photograph(), "JPEG"),
    "progressive": encoded(photograph(), "JPEG", progressive=True),
    "grey": encoded(photograph().convert("L"), "JPEG"),
    "large": encoded(photograph(1100), "JPEG"),
    "restart markers": encoded(photograph(), "JPEG", restart_marker_rows=1),
    "CMYK": encoded(photograph().convert("CMYK"), "JPEG"),
}


def is_whole(content: bytes) -> bool:
    """Says whether Pillow decodes an image at its full size."""
    try:
        Image.open(io.BytesIO(content)).load()
    except OSError:
        return False
    return True


@pytest.mark.parametrize("kind", list(JPEGS))
def test_a_cut_jpeg_is_refused_wherever_decoding_it_in_full_would_fail(kind):
    content = JPEGS[kind]
    cuts = [
        *np.linspace(700, len(content) - 1, 40).astype(int),
        *range(len(content) - 12, len(content)),
    ]
    assert not is_whole(content[: cuts[0]])
    for cut in cuts:
        if is_whole(content[:cut]):
            standardise_image(content[:cut])
            continue
        with pytest.raises(BadImageError) as error:
            standardise_image(content[:cut])
        assert error.value.reason == "truncated", cut


@pytest.mark.parametrize("kind", ["baseline", "progressive", "grey", "large"])
def test_a_jpeg_is_measured_nearly_as_at_its_full_size(kind):
    measured = standardise_and_measure(JPEGS[kind])
    assert measured.encoded == JPEGS[kind]
    grey = np.asarray(decoded(JPEGS[kind]).convert("L")) / 255
    assert measured.mean == pytest.approx(grey.mean(), abs=0.002)
    assert measured.contrast == pytest.approx(grey.std(), rel=0.05)


@pytest.mark.parametrize("side", [200, 300, 700, 1100])
def test_a_png_and_a_jpeg_of_one_picture_measure_alike(side):
    random = np.random.default_rng(side)
    coarse = Image.fromarray(random.integers(0, 256, (40, 40), dtype=np.uint8))
    noise = random.normal(0, 40, (side, side))
    smooth = np.asarray(coarse.resize((side, side), Image.Resampling.BICUBIC), np.float64)
    picture = Image.fromarray(np.clip(smooth + noise, 0, 255).astype(np.uint8))
    jpeg = standardise_and_measure(encoded(picture, "JPEG", quality=95))
    png = standardise_and_measure(encoded(picture))
    assert jpeg.mean == pytest.approx(png.mean, abs=0.003)
    assert jpeg.contrast == pytest.approx(png.contrast, rel=0.03)


def test_a_large_jpeg_with_one_small_mark_is_not_blank():
    pixels = np.zeros((1024, 1024), np.uint8)
    pixels[500, 500] = 12
    content = encoded(Image.fromarray(pixels), "JPEG", quality=100)
    small = decoded(content)
    small.draft(None, (128, 128))
    assert len(set(small.getdata())) == 1
    assert standardise_image(content) == content


def test_a_large_jpeg_of_one_grey_is_blank():
    with pytest.raises(BadImageError) as error:
        standardise_image(encoded(Image.new("RGB", (1024, 1024), (90, 90, 90)), "JPEG"))
    assert error.value.reason == "blank"


def test_a_jpeg_of_two_colours_of_one_brightness_is_not_blank():
    picture = Image.new("RGB", (512, 512), (255, 0, 0))
    picture.paste((0, 130, 0), (0, 0, 256, 512))
    grey = np.asarray(picture.convert("L"))
    assert grey.min() == grey.max()
    content = encoded(picture, "JPEG")
    assert standardise_image(content) == content


def test_an_exif_rotated_jpeg_is_turned_at_its_full_size():
    exif = Image.Exif()
    exif[0x0112] = 6
    result = decoded(standardise_image(encoded(photograph(), "JPEG", exif=exif, quality=95)))
    upright = np.asarray(photograph().rotate(-90), dtype=int)
    assert np.abs(np.asarray(result, dtype=int) - upright).mean() < 8
