import numpy as np
import pytest
import tensorflow as tf

from trainer.augmentation import augment
from trainer.settings import AugmentationSettings

SEED = tf.constant([3, 5], tf.int64)
NOTHING = {
    "crop_area": (1.0, 1.0),
    "horizontal_flip": 0.0,
    "colour_strength": 0.0,
}


def settings(**changes):
    return AugmentationSettings(**{**NOTHING, **changes})


def photographs(count=4, side=32):
    return np.random.default_rng(0).random((count, side, side, 3)).astype(np.float32)


def ramps(count=200, side=32):
    """Images whose red tells the column and whose green tells the row of a pixel."""
    column, row = np.meshgrid(np.arange(side), np.arange(side))
    image = np.stack([column, row, np.zeros_like(row)], axis=2) / (side - 1)
    return np.repeat(image[None].astype(np.float32), count, axis=0)


def test_what_is_switched_off_leaves_the_image_alone():
    images = photographs()
    np.testing.assert_array_equal(augment(tf.constant(images), settings(), SEED), images)


def test_a_certain_horizontal_flip_mirrors_left_and_right():
    images = photographs()
    flipped = augment(tf.constant(images), settings(horizontal_flip=1.0), SEED)
    np.testing.assert_array_equal(flipped, images[:, :, ::-1])


def test_a_certain_vertical_flip_mirrors_top_and_bottom():
    images = photographs()
    flipped = augment(tf.constant(images), settings(vertical_flip=1.0), SEED)
    np.testing.assert_array_equal(flipped, images[:, ::-1])


def test_half_of_the_images_are_flipped_at_probability_one_half():
    images = ramps(1000, side=16)
    views = augment(tf.constant(images), settings(horizontal_flip=0.5), SEED).numpy()
    share = np.mean(views[:, 0, 0, 0] > views[:, 0, -1, 0])
    assert share == pytest.approx(0.5, abs=0.05)


def test_a_crop_keeps_an_area_and_an_aspect_ratio_within_their_ranges():
    views = augment(tf.constant(ramps()), settings(crop_area=(0.3, 0.6)), SEED).numpy()
    # On a ramp, the step from pixel to pixel is the share of the side that the crop keeps.
    middle = slice(8, 24)
    width = np.diff(views[:, 16, middle, 0], axis=1).mean(axis=1) * 31
    height = np.diff(views[:, middle, 16, 1], axis=1).mean(axis=1) * 31
    area, ratio = width * height, width / height
    assert 0.3 <= area.min() < 0.35
    assert 0.55 < area.max() <= 0.6
    assert 0.74 < ratio.min() < 0.85
    assert 1.2 < ratio.max() < 1.34


def test_an_upright_crop_shows_nothing_from_outside_the_image():
    views = augment(tf.constant(ramps()), settings(crop_area=(0.3, 0.6)), SEED).numpy()
    # Mirrored pixels would turn the ramp around.
    steps = np.diff(views[:, 16, 1:-1, 0], axis=1)
    assert steps.min() > 0


def test_rotation_turns_around_the_centre_within_the_angle():
    views = augment(tf.constant(ramps(side=33)), settings(rotation_degrees=30.0), SEED).numpy()
    np.testing.assert_allclose(views[:, 16, 16, :2], 0.5, atol=1e-3)
    right = views[:, 16, 20] - views[:, 16, 12]
    angles = np.degrees(np.arctan2(right[:, 1], right[:, 0]))
    assert 25 < np.abs(angles).max() <= 30.01
    assert angles.min() < -20 and angles.max() > 20


def test_brightness_of_a_half_strength_changes_within_forty_percent():
    grey = np.full((500, 4, 4, 3), 0.5, np.float32)
    changed = augment(
        tf.constant(grey), settings(colour_strength=0.5, colour_probability=1.0), SEED
    ).numpy()
    # Contrast, saturation and hue do nothing to a uniform grey.
    factors = changed[:, 0, 0, 0] / 0.5
    assert 0.6 - 1e-5 <= factors.min() < 0.65
    assert 1.35 < factors.max() <= 1.4 + 1e-5


def test_colours_change_in_the_given_share_of_the_images():
    images = photographs(500, side=8)
    changed = augment(
        tf.constant(images), settings(colour_strength=0.5, colour_probability=0.3), SEED
    )
    share = np.mean(np.abs(changed - images).max(axis=(1, 2, 3)) > 1e-3)
    assert share == pytest.approx(0.3, abs=0.06)


def test_dropping_colour_makes_grey_of_the_same_luminance():
    images = photographs()
    grey = augment(tf.constant(images), settings(grayscale_probability=1.0), SEED).numpy()
    luminance = images @ np.array([0.2989, 0.587, 0.114], np.float32)
    for channel in range(3):
        np.testing.assert_allclose(grey[..., channel], luminance, atol=1e-5)


def test_blur_hits_the_given_share_of_the_images():
    images = photographs(100, side=112)
    blurred = augment(tf.constant(images), settings(blur_probability=0.5), SEED + 1)
    share = np.mean(np.abs(blurred - images).max(axis=(1, 2, 3)) > 1e-6)
    assert share == pytest.approx(0.5, abs=0.15)


def everything():
    return AugmentationSettings(
        vertical_flip=0.5,
        rotation_degrees=30,
        grayscale_probability=0.2,
        blur_probability=0.5,
        equalise_probability=0.5,
    )


def upright():
    return AugmentationSettings(colour_strength=1.0, grayscale_probability=0.2)


def test_the_same_seed_gives_the_same_views_and_another_gives_others():
    images = tf.constant(photographs(side=40))
    first = augment(images, everything(), SEED)
    np.testing.assert_array_equal(augment(images, everything(), SEED), first)
    other = augment(images, everything(), SEED + 1)
    assert np.abs(other - first).max(axis=(1, 2, 3)).min() > 0.05


def test_pixels_stay_between_black_and_white():
    views = augment(tf.constant(photographs(64)), everything(), SEED).numpy()
    assert views.min() >= 0 and views.max() <= 1 + 1e-6


def test_two_copies_of_an_image_in_one_batch_become_different_views():
    twice = tf.tile(tf.constant(photographs(1)), [2, 1, 1, 1])
    views = augment(twice, AugmentationSettings(), SEED)
    assert np.abs(views[0] - views[1]).max() > 0.05


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("kinds", [everything(), upright()], ids=["everything", "upright"])
def test_the_views_of_slices_are_slices_of_the_views(kinds, compiled):
    images = tf.constant(photographs(8, side=40))
    whole = augment(images, kinds, SEED, compiled=compiled)
    for rows in ([0, 1, 2], [7], [3, 4, 5, 6]):
        part = augment(
            tf.gather(images, rows),
            kinds,
            SEED,
            rows=tf.constant(rows),
            row_count=8,
            compiled=compiled,
        )
        np.testing.assert_allclose(part, tf.gather(whole, rows), atol=2e-6)


@pytest.mark.parametrize("kinds", [everything(), upright()], ids=["everything", "upright"])
def test_compiled_views_are_the_same_views(kinds):
    images = tf.constant(photographs(6, side=24))
    compiled = augment(images, kinds, SEED, compiled=True)
    np.testing.assert_allclose(compiled, augment(images, kinds, SEED), atol=2e-4)


def test_the_whole_augmentation_is_a_program_that_xla_compiles():
    program = tf.function(lambda images: augment(images, everything(), SEED), jit_compile=True)
    views = program(tf.constant(photographs(4, side=16))).numpy()
    assert views.shape == (4, 16, 16, 3)
    assert np.isfinite(views).all() and views.std() > 0.1
