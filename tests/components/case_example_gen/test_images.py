"""Images of every mode become 8 bits, upright; broken ones are refused with their reason."""

import io

import numpy as np
import pytest
from PIL import Image

from components.case_example_gen import images
from components.case_example_gen.images import (
    BadImageError,
    standardise_and_measure,
    standardise_image,
)
from tests.claimed_png import with_claimed_size

PIXELS = np.random.default_rng(0).integers(0, 256, (12, 16, 3), dtype=np.uint8)


def encoded(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    output = io.BytesIO()
    image.save(output, kind, **options)
    return output.getvalue()


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


def test_an_exif_rotated_image_is_turned_upright():
    exif = Image.Exif()
    exif[0x0112] = 6
    content = encoded(Image.fromarray(PIXELS), "PNG", exif=exif)
    result = np.asarray(decoded(standardise_image(content)))
    np.testing.assert_array_equal(result, np.rot90(PIXELS, k=-1))


@pytest.mark.parametrize("mode", ["L", "RGB", "I;16", "1"])
def test_mean_and_contrast_are_those_of_the_grey_values_that_are_kept(mode):
    deep = Image.fromarray(PIXELS[..., 0].astype(np.uint16) * 257)
    image = deep if mode == "I;16" else Image.fromarray(PIXELS).convert(mode)
    measured = standardise_and_measure(encoded(image))
    assert measured.encoded == standardise_image(encoded(image))
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
    ],
)
def test_what_cannot_be_used_is_refused_with_its_reason(content, reason):
    with pytest.raises(BadImageError) as error:
        standardise_image(content)
    assert error.value.reason == reason


def test_an_absurdly_large_image_is_refused_before_it_is_decoded(monkeypatch):
    monkeypatch.setattr(images, "MAX_PIXELS", 100)
    with pytest.raises(BadImageError) as error:
        standardise_image(encoded(Image.fromarray(PIXELS)))
    assert (error.value.reason, error.value.detail) == ("too large", "16x12 pixels")


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
