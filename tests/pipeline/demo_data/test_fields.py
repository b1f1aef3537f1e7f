"""Smoothing against SciPy; random fields against the spectrum that they promise."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from pipeline.demo_data.fields import blur, coarse, power_law_noise, smooth_step


@pytest.mark.parametrize("sigma", [0.5, 1.0, 2.0])
def test_blur_is_scipys_gaussian_filter(sigma):
    image = np.random.default_rng(0).random((40, 56), dtype=np.float32)
    radius = max(1, round(3 * sigma))
    expected = gaussian_filter(image, sigma, mode="nearest", radius=radius)
    np.testing.assert_allclose(blur(image, sigma), expected, atol=1e-5)


def test_coarse_keeps_flat_areas_and_large_forms_and_drops_small_ones():
    wave = np.linspace(0, 2 * np.pi, 128, dtype=np.float32)
    large, small = np.sin(wave)[None] + np.zeros((128, 1)), np.sin(30 * wave)[None]
    kept = coarse((3 + large + small).astype(np.float32), 8)
    inner = slice(24, -24)
    # A Gaussian of 12 pixels leaves exp(-(12 * 2 pi / 128)^2 / 2) = 84% of a wave of 128.
    np.testing.assert_allclose(kept[:, inner], 3 + 0.84 * large[:, inner], atol=0.04)


@pytest.mark.parametrize("slope", [0.0, 1.0, 1.8])
def test_the_amplitude_of_noise_falls_with_the_slope_asked_for(slope):
    rng = np.random.default_rng(1)
    spectra = [np.abs(np.fft.fft2(power_law_noise(rng, 64, slope))) for _ in range(40)]
    frequency = np.hypot(np.fft.fftfreq(64)[:, None], np.fft.fftfreq(64)[None]).ravel()
    used = (frequency > 0.03) & (frequency < 0.45)
    amplitude = np.mean(spectra, axis=0).ravel()
    measured = -np.polyfit(np.log(frequency[used]), np.log(amplitude[used]), 1)[0]
    assert measured == pytest.approx(slope, abs=0.1)


def test_noise_has_mean_zero_and_deviation_one():
    noise = power_law_noise(np.random.default_rng(2), 64, 1.2)
    assert noise.mean() == pytest.approx(0, abs=1e-4)
    assert noise.std() == pytest.approx(1, abs=1e-4)


def test_a_smooth_step_starts_and_ends_level():
    values = smooth_step(np.array([-1, 0, 0.25, 0.5, 1, 2], np.float32))
    np.testing.assert_allclose(values, [0, 0, 0.15625, 0.5, 1, 1])
