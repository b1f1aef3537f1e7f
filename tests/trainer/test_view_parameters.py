"""The distribution of what is drawn, as SimCLR describes it."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from trainer.settings import AugmentationSettings
from trainer.view_parameters import draw_parameters

COUNT = 4000
SEED = tf.constant([7, 11], tf.int64)
SETTINGS = AugmentationSettings(
    crop_area=(0.08, 0.5),
    horizontal_flip=0.5,
    vertical_flip=0.25,
    rotation_degrees=45,
    colour_strength=0.5,
    colour_probability=0.8,
    grayscale_probability=0.2,
    blur_probability=0.5,
    equalise_probability=0.5,
)


@pytest.fixture(scope="module")
def drawn():
    parameters = draw_parameters(SETTINGS, SEED, COUNT)
    return {name: value.numpy() for name, value in vars(parameters).items()}


def is_uniform(values, low, high):
    """Kolmogorov-Smirnov; the draws are fixed, so this cannot fail by chance."""
    return stats.kstest(values, stats.uniform(low, high - low).cdf).pvalue > 0.01


def test_area_is_uniform_and_the_aspect_ratio_is_log_uniform(drawn):
    width, height = np.abs(drawn["width"]), np.abs(drawn["height"])
    assert is_uniform(width * height, 0.08, 0.5)
    assert is_uniform(np.log(width / height), np.log(3 / 4), np.log(4 / 3))


def test_a_crop_lies_anywhere_inside_the_image(drawn):
    for extent, centre in (("width", "centre_x"), ("height", "centre_y")):
        size = np.abs(drawn[extent])
        start = drawn[centre] - size / 2
        assert is_uniform(start / (1 - size), 0, 1)


def test_a_crop_of_nearly_the_whole_area_still_fits():
    settings = AugmentationSettings(crop_area=(0.8, 1.0))
    parameters = draw_parameters(settings, SEED, COUNT)
    width, height = np.abs(parameters.width), np.abs(parameters.height)
    assert max(width.max(), height.max()) <= 1 + 1e-6
    assert is_uniform(width * height, 0.8, 1.0)


@pytest.mark.parametrize(
    ("name", "happens", "probability"),
    [
        ("width", lambda values: values < 0, 0.5),
        ("height", lambda values: values < 0, 0.25),
        ("brightness", lambda values: values != 1, 0.8),
        ("grey", lambda values: values == 1, 0.2),
        ("sigma", lambda values: values > 0, 0.5),
        ("equalised", lambda values: values == 1, 0.5),
    ],
)
def test_each_happens_with_its_probability(drawn, name, happens, probability):
    count = int(happens(drawn[name]).sum())
    assert stats.binomtest(count, COUNT, probability).pvalue > 0.01


def test_colour_factors_and_turns_are_uniform_within_the_strength(drawn):
    changed = drawn["brightness"] != 1
    for name in ("brightness", "contrast", "saturation"):
        assert is_uniform(drawn[name][changed], 0.6, 1.4)
        assert (drawn[name][~changed] == 1).all()
    assert is_uniform(drawn["hue"][changed], -0.1, 0.1)
    assert (drawn["hue"][~changed] == 0).all()


def test_full_strength_never_makes_a_factor_negative():
    parameters = draw_parameters(AugmentationSettings(colour_strength=1.5), SEED, COUNT)
    assert parameters.brightness.numpy().min() >= 0
    assert parameters.brightness.numpy().max() > 2.1


def test_all_six_orders_are_equally_likely(drawn):
    counts = np.bincount(drawn["order"].astype(int), minlength=6)
    assert len(counts) == 6
    assert stats.chisquare(counts).pvalue > 0.01


def test_angle_and_sigma_are_uniform(drawn):
    assert is_uniform(np.degrees(np.arctan2(drawn["sine"], drawn["cosine"])), -45, 45)
    assert is_uniform(drawn["sigma"][drawn["sigma"] > 0] * 224, 0.1, 2.0)


def test_what_is_drawn_for_one_decision_tells_nothing_about_another(drawn):
    table = np.stack(
        [
            np.abs(drawn["width"]) * np.abs(drawn["height"]),
            drawn["sine"],
            drawn["hue"],
            drawn["contrast"],
            drawn["order"],
            drawn["grey"],
            drawn["sigma"],
            drawn["centre_x"],
        ]
    )
    correlations = np.corrcoef(table) - np.eye(len(table))
    assert np.abs(correlations).max() < 0.06
