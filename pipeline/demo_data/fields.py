"""Random fields and smoothing of small float32 images."""

import functools

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Field = NDArray[np.float32]


def blur(image: Field, sigma: float) -> Field:
    """Gaussian blur; the border is continued outwards, so that flat areas stay flat.

    Shifted sums rather than matrix products: those differ in their last bits with the number of
    threads, and the same seed must give the same bytes.

    Args:
        image: float32 [height, width].
        sigma: Standard deviation in pixels, above 0 and small against the image.

    Returns:
        float32 [height, width].
    """
    reach = max(1, round(3 * sigma))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    weights = (weights / weights.sum()).astype(np.float32)
    height, width = image.shape
    padded = np.pad(image, reach, mode="edge")
    rows = sum(weight * padded[k : k + height] for k, weight in enumerate(weights))
    return np.asarray(
        sum(weight * rows[:, k : k + width] for k, weight in enumerate(weights)), np.float32
    )


def coarse(image: Field, factor: int) -> Field:
    """Keeps only what is large: shrinks by a factor, blurs, and enlarges again.

    Args:
        image: float32 [height, width].
        factor: The blur has a standard deviation of about 1.5 times this, pixels.

    Returns:
        float32 [height, width].
    """
    picture = Image.fromarray(image, "F")
    small = np.asarray(picture.reduce(factor), np.float32)
    blurred = Image.fromarray(blur(small, 1.4), "F")
    return np.asarray(blurred.resize(picture.size, Image.Resampling.BICUBIC), np.float32)


@functools.lru_cache(maxsize=64)
def _spectrum(size: int, slope: float) -> Field:
    """Amplitudes [size, size // 2 + 1] that fall as frequency ** -slope; 0 at frequency 0."""
    vertical = np.fft.fftfreq(size)[:, None]
    horizontal = np.fft.rfftfreq(size)[None, :]
    frequency = np.hypot(vertical, horizontal)
    frequency[0, 0] = np.inf
    return (frequency**-slope).astype(np.float32)


def power_law_noise(rng: np.random.Generator, size: int, slope: float) -> Field:
    """Noise whose amplitude spectrum falls as 1 / frequency ** slope.

    Natural images have a slope near 1 (Field 1987); 0 is white noise, 2 is cloudy.

    Args:
        rng: Source of randomness.
        size: Side in pixels.
        slope: Rounded to one decimal.

    Returns:
        float32 [size, size], mean 0, standard deviation 1.
    """
    white = rng.standard_normal((size, size), dtype=np.float32)
    shaped = np.fft.irfft2(np.fft.rfft2(white) * _spectrum(size, round(slope, 1)), s=(size, size))
    return (shaped / shaped.std()).astype(np.float32)


def smooth_step(values: Field) -> Field:
    """0 below 0, 1 above 1, and 3 v^2 - 2 v^3 between."""
    clipped = np.clip(values, 0.0, 1.0)
    return clipped * clipped * (3.0 - 2.0 * clipped)
