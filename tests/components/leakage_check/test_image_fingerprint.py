"""The same picture is recognised whatever its encoding, size and brightness; others are not."""

import io

import numpy as np
import pytest
from PIL import Image, ImageEnhance
from scipy.stats import pearsonr

from components.leakage_check.image_fingerprint import correlations, image_fingerprint


def picture(seed: int) -> Image.Image:
    """A smooth random picture, as photographs are."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 255, (9, 9, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((160, 120), Image.Resampling.BICUBIC)


def encoded(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def compared(one: bytes, other: bytes) -> tuple[int, float]:
    """Bits that differ, and the correlation."""
    (hash_one, small_one), (hash_other, small_other) = map(image_fingerprint, (one, other))
    thumbnails = np.frombuffer(small_other, np.uint8)[np.newaxis]
    [alike] = correlations(np.frombuffer(small_one, np.uint8), thumbnails)
    return (hash_one ^ hash_other).bit_count(), alike


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize(
    "change",
    [
        lambda image: encoded(image, "JPEG", quality=60),
        lambda image: encoded(image.resize((96, 72)), "JPEG", quality=90),
        lambda image: encoded(image.convert("L")),
        lambda image: encoded(ImageEnhance.Brightness(image).enhance(0.8)),
    ],
    ids=["jpeg", "smaller", "grey", "darker"],
)
def test_a_changed_copy_is_the_same_picture(seed, change):
    bits, alike = compared(encoded(picture(seed)), change(picture(seed)))
    assert bits <= 3
    assert alike >= 0.99


def test_different_pictures_are_not():
    prints = [encoded(picture(seed)) for seed in range(20)]
    found = [compared(prints[i], prints[j]) for i in range(20) for j in range(i)]
    assert min(bits for bits, _ in found) > 3
    assert max(alike for _, alike in found) < 0.9


def test_the_correlation_is_pearsons_and_none_for_one_grey():
    rng = np.random.default_rng(0)
    one, others = rng.integers(0, 255, 256, dtype=np.uint8), rng.integers(0, 255, (3, 256))
    others = others.astype(np.uint8)
    others[2] = 7
    expected = [pearsonr(one, other)[0] for other in others[:2]] + [0.0]
    np.testing.assert_allclose(correlations(one, others), expected, atol=1e-12)
