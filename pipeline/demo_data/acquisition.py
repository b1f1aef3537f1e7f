"""From an X-ray shadow to the picture that a site stores: everything that says nothing of disease.

All of it is drawn for each image, not for each site or case.
"""

import functools

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from pipeline.demo_data.fields import Field, blur, coarse, power_law_noise, smooth_step
from pipeline.demo_data.projection import EXTENT, GRID
from pipeline.demo_data.sites import Site


def acquire(rng: np.random.Generator, shadow: Field, site: Site, view: str) -> Image.Image:
    """Makes the stored picture of a shadow.

    Args:
        rng: Source of randomness.
        shadow: Attenuation, float32 [GRID, GRID].
        site: Whose machine.
        view: Bedside (AP) images show leads and tubes.

    Returns:
        8-bit grey image of `site.image_size` squared; dense is bright.
    """
    if view == "AP":
        shadow = shadow + _leads(rng)
    frame = _frame(rng, shadow, site.image_size)
    tones = _tones(rng, frame, site)
    noisy = blur(tones, rng.uniform(*site.blur)) + _noise(rng, tones, site)
    noisy += _uneven_field(rng, site.image_size)
    noisy = noisy * _collimator(rng, site)
    if rng.random() < 0.85:
        noisy = np.maximum(noisy, _marker(rng, site, lateral=view == "lateral"))
    return Image.fromarray(np.round(np.clip(noisy, 0.0, 1.0) * 255).astype(np.uint8))


def _leads(rng: np.random.Generator) -> Field:
    """Monitor leads and tubes over the chest: thin bright curves that end in a pad."""
    sheet = Image.new("L", (GRID, GRID))
    draw = ImageDraw.Draw(sheet)
    for _ in range(rng.integers(0, 5)):
        start, middle, end = rng.uniform([0, 0], [GRID, GRID], (3, 2))
        way = np.linspace(0, 1, 24)[:, None]
        curve = (1 - way) ** 2 * start + 2 * way * (1 - way) * middle + way**2 * end
        draw.line([tuple(point) for point in curve.tolist()], fill=int(rng.integers(90, 255)))
        draw.ellipse([*(end - 1.6).tolist(), *(end + 1.6).tolist()], fill=220)
    return 0.5 * blur(np.asarray(sheet, np.float32) / 255, 0.5)


def _frame(rng: np.random.Generator, shadow: Field, size: int) -> Field:
    """Turns, shifts and crops: how the patient stands to the plate. float32 [size, size]."""
    # The picture shows 1.7 to 2.1 units about the middle of the chest.
    step = rng.uniform(1.62, 1.98) / EXTENT * GRID / size
    turn = np.deg2rad(rng.normal(0, 3.5))
    middle = GRID / 2 + rng.normal(0, 3.0, 2) + (0.0, -3.0)
    cosine, sine = step * np.cos(turn), step * np.sin(turn)
    half = size / 2
    matrix = (
        cosine, -sine, middle[0] - half * (cosine - sine),
        sine, cosine, middle[1] - half * (sine + cosine),
    )  # fmt: skip
    picture = Image.fromarray(shadow, "F")
    turned = picture.transform(
        (size, size), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR
    )
    return np.asarray(turned, np.float32)


def _tones(rng: np.random.Generator, frame: Field, site: Site) -> Field:
    """Scatter, processing, automatic exposure with its error, the tone curve. Values 0..1."""
    size = len(frame)
    large = coarse(frame, size // 14)
    scatter, enhancement = rng.uniform(*site.scatter), rng.uniform(*site.enhancement)
    seen = (1 - scatter) * frame + (scatter - enhancement) * large
    centre = seen[size // 6 : -size // 6, size // 6 : -size // 6]
    dark, bright = np.percentile(centre, [4, 96])
    middle = (dark + bright) / 2 + rng.normal(0, 0.09) * (bright - dark)
    window = 1.5 * (bright - dark) / rng.uniform(*site.contrast)
    level = np.clip((seen - middle) / window + 0.5, -0.25, 1.25)
    # A film's curve: straight in the middle, soft towards black and white.
    curve = smooth_step((level + 0.25) / 1.5) * 0.5 + np.clip(level, 0, 1) * 0.5
    return np.clip(curve, 0.0, 1.0) ** rng.uniform(*site.gamma)


def _noise(rng: np.random.Generator, tones: Field, site: Site) -> Field:
    """Fewer rays reach the plate behind dense tissue, so that bright areas are noisier."""
    size = site.image_size
    pattern = rng.standard_normal((size, size), dtype=np.float32)
    if site.grain:
        pattern = blur(pattern, site.grain)
        pattern /= pattern.std()
    return rng.uniform(*site.noise) * pattern * (0.5 + tones)


def _uneven_field(rng: np.random.Generator, size: int) -> Field:
    """The field of the tube is not flat, and the plate has a memory of earlier images."""
    across = np.linspace(-1, 1, size, dtype=np.float32)
    slope = rng.normal(0, 0.05, 2)
    return (
        slope[0] * across[None]
        + slope[1] * across[:, None]
        + 0.03 * power_law_noise(rng, size, 1.6)
    )


def _collimator(rng: np.random.Generator, site: Site) -> Field:
    """1 inside the field, near 0 under the blades."""
    size = site.image_size
    margins = np.round(rng.uniform(*site.border, 4) * size).astype(int)
    open_field = np.full((size, size), 0.03, np.float32)
    open_field[margins[0] : size - margins[1], margins[2] : size - margins[3]] = 1.0
    return open_field


@functools.lru_cache(maxsize=16)
def _font(height: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(height)


def _marker(rng: np.random.Generator, site: Site, lateral: bool) -> Field:
    """The lead letter of the side, in the corner that the site uses."""
    size = site.image_size
    sheet = Image.new("L", (size, size))
    height = max(8, round(site.marker_height * size * rng.uniform(0.85, 1.2)))
    sideways, upright = site.marker_corner
    margin = rng.uniform(0.02, 0.10, 2) * size
    x = margin[0] if sideways == "left" else size - margin[0]
    y = margin[1] if upright == "upper" else size - margin[1]
    anchor = ("l" if sideways == "left" else "r") + ("t" if upright == "upper" else "b")
    text = "LAT" if lateral else site.marker
    draw = ImageDraw.Draw(sheet)
    draw.text((x, y), text, fill=int(rng.integers(190, 256)), font=_font(height), anchor=anchor)
    return np.asarray(sheet, np.float32) / 255
