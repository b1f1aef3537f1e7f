"""What is no picture leaves a file, and the picture stays the same to the last bit."""

import io
import struct

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from components.case_example_gen.image_metadata import without_metadata
from components.case_example_gen.images import standardise_and_measure
from tests.image_metadata import jpeg_segment, png_chunk, with_metadata

NAME = b"Patient MRN-4711-3 Doe^Jane"
RANDOM = np.random.default_rng(0)
PIXELS = np.cumsum(RANDOM.integers(-9, 10, (70, 90, 3)), axis=1).astype(np.uint8)
DEEP = RANDOM.integers(0, 2**16, (20, 30, 4), dtype=np.uint16)


def encoded(kind: str, mode: str = "RGB", **options) -> bytes:
    output = io.BytesIO()
    Image.fromarray(PIXELS).convert(mode).save(output, kind, **options)
    return output.getvalue()


def deep_png(channels: int) -> bytes:
    return tf.io.encode_png(DEEP[..., :channels]).numpy()


def with_chunks(png: bytes, *chunks: bytes) -> bytes:
    return png[:33] + b"".join(chunks) + png[33:]


GAMMA = png_chunk(b"gAMA", struct.pack(">I", 100_000))
IMAGES = {
    "baseline JPEG": encoded("JPEG"),
    "JPEG without chroma subsampling": encoded("JPEG", subsampling=0),
    "progressive JPEG": encoded("JPEG", progressive=True),
    "JPEG with restart markers": encoded("JPEG", restart_marker_blocks=1),
    "progressive JPEG with restart markers": encoded(
        "JPEG", progressive=True, restart_marker_blocks=2
    ),
    "grey JPEG": encoded("JPEG", "L"),
    "CMYK JPEG of Adobe's": encoded("JPEG", "CMYK"),
    "JPEG that stores RGB": encoded("JPEG", keep_rgb=True),
    "RGB PNG": encoded("PNG"),
    "grey PNG": encoded("PNG", "L"),
    "PNG of one bit": encoded("PNG", "1"),
    "palette PNG": encoded("PNG", "P"),
    "palette PNG with transparency": encoded("PNG", "P", transparency=bytes(range(256))),
    "RGB PNG with a transparent colour": encoded("PNG", transparency=tuple(PIXELS[0, 0])),
    "RGBA PNG": encoded("PNG", "RGBA"),
    "grey PNG of 16 bits": deep_png(1),
    "grey PNG of 16 bits with alpha": deep_png(2),
    "RGB PNG of 16 bits": deep_png(3),
    "RGBA PNG of 16 bits": deep_png(4),
    "RGB PNG with a gamma": with_chunks(encoded("PNG"), GAMMA),
    "sRGB PNG": with_chunks(encoded("PNG"), png_chunk(b"sRGB", b"\0")),
}


def as_tensorflow_decodes(content: bytes) -> list[np.ndarray]:
    if content.startswith(b"\xff\xd8"):
        asked = [3] if tf.io.extract_jpeg_shape(content)[2] == 4 else [1, 3]
        return [tf.io.decode_jpeg(content, channels=channels).numpy() for channels in asked]
    return [
        tf.io.decode_png(content, channels=channels, dtype=dtype).numpy()
        for channels in (0, 1, 3, 4)
        for dtype in (tf.uint8, tf.uint16)
    ]


@pytest.mark.parametrize("kind", list(IMAGES))
def test_the_pixels_that_tensorflow_decodes_stay_the_same(kind):
    content = IMAGES[kind]
    stripped = without_metadata(with_metadata(content, NAME))
    for ours, given in zip(
        as_tensorflow_decodes(stripped), as_tensorflow_decodes(content), strict=True
    ):
        np.testing.assert_array_equal(ours, given)


@pytest.mark.parametrize("kind", list(IMAGES))
def test_no_metadata_are_left(kind):
    given = with_metadata(IMAGES[kind], NAME)
    assert given.count(NAME) >= 6
    stripped = without_metadata(given)
    assert NAME not in stripped
    assert stripped == without_metadata(IMAGES[kind])
    with Image.open(io.BytesIO(stripped)) as image:
        image.load()
        assert not {"exif", "comment", "icc_profile", "xmp", "Comment"} & set(image.info)
        assert not image.getexif()


@pytest.mark.parametrize("kind", list(IMAGES))
def test_an_image_without_metadata_stays_byte_for_byte(kind):
    once = without_metadata(IMAGES[kind])
    assert once == IMAGES[kind]
    assert without_metadata(once) == once


def test_a_comment_between_the_scans_of_a_jpeg_goes():
    content = IMAGES["progressive JPEG"]
    second_scan = content.index(b"\xff\xc4", content.index(b"\xff\xda"))
    comment = jpeg_segment(0xFE, NAME)
    commented = content[:second_scan] + comment + content[second_scan:]
    assert without_metadata(commented) == content


def test_fill_bytes_before_a_marker_are_understood():
    content = IMAGES["progressive JPEG"]
    second_scan = content.index(b"\xff\xc4", content.index(b"\xff\xda"))
    filled = b"\xff\xff" + jpeg_segment(0xFE, NAME) + b"\xff"
    stripped = without_metadata(content[:second_scan] + filled + content[second_scan:])
    assert NAME not in stripped
    for ours, given in zip(
        as_tensorflow_decodes(stripped), as_tensorflow_decodes(content), strict=True
    ):
        np.testing.assert_array_equal(ours, given)


def test_the_thumbnail_of_a_jpeg_goes_and_the_mark_that_says_its_colours_stays():
    content = IMAGES["baseline JPEG"]
    header = content[6:20]
    assert header.startswith(b"JFIF\0")
    thumbnail = header[:12] + b"\x01\x09" + NAME
    assert without_metadata(b"\xff\xd8" + jpeg_segment(0xE0, thumbnail) + content[20:]) == content


def test_what_stands_behind_adobes_mark_goes_and_the_mark_stays():
    content = IMAGES["JPEG that stores RGB"]
    start = content.index(b"Adobe")
    longer = jpeg_segment(0xEE, content[start : start + 12] + NAME)
    assert without_metadata(content[: start - 4] + longer + content[start + 12 :]) == content


def test_text_between_two_segments_or_in_an_overlong_chunk_goes():
    jpeg = IMAGES["baseline JPEG"]
    assert without_metadata(jpeg[:20] + NAME + jpeg[20:]) == jpeg
    png = IMAGES["RGB PNG"]
    assert without_metadata(with_chunks(png, png_chunk(b"gAMA", NAME))) == png


@pytest.mark.parametrize(
    "content",
    [b"", b"GIF89a", b"\xff\xd8\xff\xe1\0\0", IMAGES["RGB PNG"][:-8], b"\x89PNG\r\n\x1a\n"],
)
def test_what_cannot_be_told_apart_is_refused(content):
    with pytest.raises(ValueError, match=r"JPEG|PNG|segment"):
        without_metadata(content)


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("JPEG", "RGB"), ("JPEG", "CMYK"), ("PNG", "RGB"), ("PNG", "P"), ("PNG", "RGBA")],
)
def test_neither_an_image_that_stays_nor_one_that_is_encoded_anew_keeps_metadata(kind, mode):
    given = encoded(kind, mode, icc_profile=NAME, comment=NAME)
    kept = standardise_and_measure(with_metadata(given, NAME)).encoded
    assert NAME not in kept
    with Image.open(io.BytesIO(kept)) as image:
        assert "icc_profile" not in image.info


@pytest.mark.parametrize("kind", ["TIFF", "WEBP"])
def test_an_image_of_another_format_leaves_its_colour_profile_behind(kind):
    given = encoded(kind, icc_profile=NAME)
    assert NAME in given
    assert b"iCCP" not in standardise_and_measure(given).encoded
