"""What a site's machine adds: strong, drawn for each image, and different from site to site."""

import numpy as np
import pytest

from pipeline.demo_data.acquisition import acquire
from pipeline.demo_data.anatomy import Posture, sample_anatomy
from pipeline.demo_data.findings import Disease
from pipeline.demo_data.radiograph import View, attenuation
from pipeline.demo_data.sites import HARBOUR, NORTH, SITES, VALLEY

SHADOW = attenuation(
    sample_anatomy(np.random.default_rng(0), "female", 50),
    Disease(),
    View("PA", 0.0, Posture(1.0, False, 1.0)),
)


def pictures(site, count=30, view="PA"):
    rng = np.random.default_rng(1)
    return np.stack([np.asarray(acquire(rng, SHADOW, site, view)) for _ in range(count)]) / 255.0


@pytest.mark.parametrize("site", SITES.values(), ids=lambda site: site.name)
def test_a_picture_is_8_bit_grey_of_the_sites_size_and_uses_its_range(site):
    picture = acquire(np.random.default_rng(0), SHADOW, site, "PA")
    assert (picture.mode, picture.size) == ("L", (site.image_size, site.image_size))
    darkest, brightest = np.percentile(np.asarray(picture), [5, 95])
    assert brightest - darkest > 80


def test_lungs_are_darker_than_the_mediastinum():
    # Rows of the middle of the chest; the lungs lie left and right of it.
    mean = pictures(NORTH).mean(axis=0)[50:70]
    lungs = np.concatenate([mean[:, 30:40], mean[:, 92:100]], axis=1)
    assert mean[:, 58:70].mean() > lungs.mean() + 0.15


def test_exposure_differs_from_image_to_image_of_one_shadow():
    levels = pictures(NORTH)[:, 32:96, 32:96].mean(axis=(1, 2))
    assert levels.std() > 0.03


def test_the_held_out_site_draws_lungs_paler_than_the_others():
    lungs = {
        site.name: np.percentile(pictures(site)[:, 20:-20, 20:-20], 10, axis=(1, 2)).mean()
        for site in (NORTH, HARBOUR, VALLEY)
    }
    assert lungs["valley"] > max(lungs["north"], lungs["harbour"]) + 0.1


@pytest.mark.parametrize(
    ("site", "corner"),
    [
        (NORTH, (slice(0, 24), slice(100, 128))),
        (HARBOUR, (slice(0, 24), slice(0, 28))),
        (VALLEY, (slice(70, 96), slice(70, 96))),
    ],
    ids=["north", "harbour", "valley"],
)
def test_the_side_marker_is_the_brightest_thing_in_the_sites_corner(site, corner):
    shadow = np.zeros_like(SHADOW)
    shadow[40:90, 40:90] = 1.0
    rng = np.random.default_rng(4)
    marked = [np.asarray(acquire(rng, shadow, site, "PA"))[corner].max() > 180 for _ in range(40)]
    assert 0.65 <= np.mean(marked) <= 1.0


def test_only_bedside_images_show_leads():
    ramp = np.broadcast_to(np.linspace(0, 2, SHADOW.shape[1], dtype=np.float32), SHADOW.shape)
    sharpest = {}
    for view in ("AP", "PA"):
        rng = np.random.default_rng(5)
        images = [np.asarray(acquire(rng, ramp, NORTH, view), float) for _ in range(25)]
        # Down a column, a ramp from left to right has no edges.
        edges = np.abs(np.diff(images, axis=1))[:, 25:-25, 25:-25]
        sharpest[view] = np.median(edges.max(axis=(1, 2)))
    assert sharpest["AP"] > 1.3 * sharpest["PA"]
