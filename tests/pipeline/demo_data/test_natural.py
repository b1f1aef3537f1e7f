"""Natural-like scenes have the statistics that photographs have."""

import numpy as np

from pipeline.demo_data.natural import SIZE, natural_image

SCENES = np.stack(
    [np.asarray(natural_image(np.random.default_rng([0, i]))) / 255.0 for i in range(150)]
)


def test_the_amplitude_spectrum_falls_about_as_one_over_frequency():
    grey = SCENES.mean(axis=-1)
    window = np.hanning(SIZE)[:, None] * np.hanning(SIZE)[None]
    centred = grey - grey.mean(axis=(1, 2), keepdims=True)
    amplitude = np.abs(np.fft.fft2(centred * window)).mean(axis=0).ravel()
    frequency = np.hypot(np.fft.fftfreq(SIZE)[:, None], np.fft.fftfreq(SIZE)[None]).ravel()
    used = (frequency > 0.04) & (frequency < 0.4)
    slope = -np.polyfit(np.log(frequency[used]), np.log(amplitude[used]), 1)[0]
    # Photographs: 0.8 to 1.5 (Tolhurst et al. 1992).
    assert 0.8 < slope < 1.5


def test_brightness_varies_more_than_colour():
    centred = SCENES - SCENES.mean(axis=(1, 2), keepdims=True)
    axis = np.linalg.eigh(np.cov(centred.reshape(-1, 3).T))[1][:, -1]
    assert np.all(np.abs(axis) > 0.4)


def test_scenes_differ_in_brightness_contrast_and_colour_about_as_photographs_do():
    # The same figures of 500 images of Tiny ImageNet: 0.115; 0.13, 0.23 and 0.31; 0.079.
    flat = SCENES.reshape(len(SCENES), -1, 3)
    means = flat.mean(axis=1)
    assert 0.08 < means.mean(axis=1).std() < 0.16
    low, middle, high = np.quantile(flat.std(axis=(1, 2)), [0.05, 0.5, 0.95])
    assert low > 0.07
    assert 0.16 < middle < 0.28
    assert 0.23 < high < 0.38
    assert 0.04 < (means - means.mean(axis=1, keepdims=True)).std() < 0.11


def test_no_two_scenes_are_alike():
    small = SCENES[:, 4::8, 4::8].reshape(len(SCENES), -1)
    small = (small - small.mean(axis=1, keepdims=True)) / small.std(axis=1, keepdims=True)
    likeness = small @ small.T / small.shape[1]
    np.fill_diagonal(likeness, 0)
    assert likeness.max() < 0.97
