"""What ingestion takes in, TensorFlow decodes; what it decodes is measured as Pillow would."""

import io

import numpy as np
import pytest
from PIL import Image

from components.case_example_gen.images import BadImageError, standardise_and_measure
from components.case_example_gen.tensorflow_decoding import decodable_image
from components.transform.squares import decode_square


def picture(side: int = 300) -> Image.Image:
    random = np.random.default_rng(1)
    small = random.integers(0, 256, (20, 20, 3), dtype=np.uint8)
    large = np.asarray(Image.fromarray(small).resize((side, side), Image.Resampling.BICUBIC))
    noise = random.integers(0, 30, (side, side, 3), dtype=np.uint8)
    return Image.fromarray(large // 2 + noise)


def encoded(image: Image.Image, kind: str, **options) -> bytes:
    output = io.BytesIO()
    image.save(output, kind, **options)
    return output.getvalue()


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        *(("JPEG", mode) for mode in ("RGB", "L", "CMYK")),
        *(("PNG", mode) for mode in ("RGB", "L", "1", "P", "RGBA", "I;16")),
        *(("TIFF", mode) for mode in ("RGB", "L", "CMYK", "I;16")),
    ],
)
@pytest.mark.parametrize("side", [60, 300, 1100])
def test_an_image_is_measured_as_by_pillow(kind, mode, side):
    if mode == "I;16":
        image = Image.fromarray(np.asarray(picture(side).convert("L"), np.uint16) * 200)
    else:
        image = picture(side).convert(mode)
    content = encoded(image, kind)
    ours, pillow = decodable_image(content), standardise_and_measure(content)
    assert ours.encoded == pillow.encoded
    assert ours.mean == pytest.approx(pillow.mean, abs=1e-3)
    assert ours.contrast == pytest.approx(pillow.contrast, abs=1e-3)


DAMAGED = {
    kind: (encoded(picture(64), kind), damages)
    for kind, damages in {"JPEG": 1500, "PNG": 300}.items()
}


@pytest.mark.parametrize("kind", list(DAMAGED))
def test_a_damaged_image_is_refused_or_decoded_by_every_later_step(kind):
    content, damages = DAMAGED[kind]
    random = np.random.default_rng(3)
    refused = 0
    for _ in range(damages):
        damaged = bytearray(content)
        damaged[random.integers(len(content))] ^= 1 << random.integers(8)
        try:
            kept = decodable_image(bytes(damaged)).encoded
        except BadImageError:
            refused += 1
            continue
        decode_square(kept, 32, "pad")
    assert refused


def test_what_pillow_decodes_and_tensorflow_does_not_is_refused(monkeypatch):
    """Five of 6,000 flipped bits did that to a JPEG; here TensorFlow's refusal is played."""
    content = encoded(picture(), "JPEG")
    monkeypatch.setattr(
        "components.case_example_gen.tensorflow_decoding._decode_plain", lambda _: None
    )
    with pytest.raises(BadImageError) as error:
        decodable_image(content)
    assert (error.value.reason, error.value.detail) == ("cannot be decoded", "by TensorFlow")


def test_a_cut_image_is_called_truncated():
    content = encoded(picture(), "JPEG")
    with pytest.raises(BadImageError) as error:
        decodable_image(content[: len(content) // 2])
    assert error.value.reason == "truncated"


@pytest.mark.parametrize("colour", [(0, 0, 0), (90, 90, 90), (200, 10, 30)])
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_one_colour_is_blank_and_two_of_one_brightness_are_not(colour, kind):
    blank = Image.new("RGB", (256, 256), colour)
    with pytest.raises(BadImageError) as error:
        decodable_image(encoded(blank, kind))
    assert error.value.reason == "blank"
    two = Image.new("RGB", (256, 256), (255, 0, 0))
    two.paste((0, 130, 0), (0, 0, 128, 256))
    content = encoded(two, kind)
    assert decodable_image(content).encoded == content
