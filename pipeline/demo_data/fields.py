"""Random fields and smoothing of small float32 images, with NumPy alone."""

import functools

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]


@functools.lru_cache(maxsize=256)
def _smoothing_matrix(size: int, sigma: float) -> Field:
    """float32 [size, size]: row i holds the Gaussian weights that make pixel i; each sums to 1."""
    distance = np.arange(size)[:, None] - np.arange(size)[None, :]
    weights = np.exp(-0.5 * (distance / sigma) ** 2)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def blur(image: Field, sigma: float) -> Field:
    """Gaussian blur that keeps flat areas flat up to the border.

    Args:
        image: float32 [height, width].
        sigma: Standard deviation in pixels, above 0.

    Returns:
        float32 [height, width].
    """
    height, width = image.shape
    # Rounded so that random sigmas share their matrices.
    step = max(round(sigma, 1), 0.1)
    return _smoothing_matrix(height, step) @ image @ _smoothing_matrix(width, step).T


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
