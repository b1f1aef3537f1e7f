"""A finding changes the shadow where it lies, in every view, and nowhere else."""

import numpy as np
import pytest

from pipeline.demo_data.anatomy import LEFT, RIGHT, Posture, pose, sample_anatomy
from pipeline.demo_data.findings import (
    FINDINGS,
    Consolidation,
    Disease,
    Effusion,
    Nodule,
    sample_disease,
)
from pipeline.demo_data.projection import COLUMNS, ROWS, chords
from pipeline.demo_data.radiograph import View, attenuation

ANATOMY = sample_anatomy(np.random.default_rng(3), "male", 60)
UPRIGHT = Posture(inspiration=1.0, arms_raised=False, heart_magnification=1.0)
FRONTAL, LATERAL = View("PA", 0.0, UPRIGHT), View("lateral", np.pi / 2, UPRIGHT)
LUNG_ROWS = ROWS[pose(ANATOMY, UPRIGHT).lungs[LEFT].radius_x > 0]


def change(disease: Disease, view: View) -> np.ndarray:
    return attenuation(ANATOMY, disease, view) - attenuation(ANATOMY, Disease(), view)


def height_in_lung(share: float) -> float:
    return float(LUNG_ROWS[0] + share * (LUNG_ROWS[-1] - LUNG_ROWS[0]))


def nodule(side: int = LEFT) -> Disease:
    place = np.array([[0.1, 0.2, 0.4]], np.float32)
    return Disease(nodules=(Nodule(side, place, radius=0.12, density=1.5),))


@pytest.mark.parametrize("view", [FRONTAL, LATERAL], ids=["frontal", "lateral"])
def test_a_nodule_is_a_small_disc_at_the_same_height_in_every_view(view):
    shadow = change(nodule(), view)
    rows = np.flatnonzero(shadow.max(axis=1) > 0.02)
    assert ROWS[rows].mean() == pytest.approx(height_in_lung(0.4), abs=0.02)
    assert np.ptp(ROWS[rows]) <= 0.24
    assert shadow.max() == pytest.approx(2 * 1.5 * 0.12, rel=0.1)


def test_a_nodule_lies_on_its_side():
    assert COLUMNS[change(nodule(LEFT), FRONTAL).max(axis=0).argmax()] > 0.2
    assert COLUMNS[change(nodule(RIGHT), FRONTAL).max(axis=0).argmax()] < -0.2


def test_fluid_lies_below_its_level_and_on_its_side():
    shadow = change(Disease(effusions=(Effusion(RIGHT, level=0.6, amount=0.9),)), FRONTAL)
    assert np.abs(shadow[height_in_lung(0.58) > ROWS]).max() < 1e-4
    assert np.abs(shadow[:, COLUMNS > 0.1]).max() < 1e-4
    assert shadow[height_in_lung(0.7) < ROWS].max() > 0.2


def test_fluid_rises_at_the_wall_and_blunts_the_outer_angle_first():
    small = change(Disease(effusions=(Effusion(LEFT, level=0.6, amount=0.4),)), FRONTAL)
    seen = small[height_in_lung(0.7) < ROWS].sum(axis=0)
    lung = pose(ANATOMY, UPRIGHT).lungs[LEFT]
    middle = lung.x[lung.radius_x > 0].mean()
    assert seen[middle < COLUMNS].sum() > 2 * seen[(middle > COLUMNS) & (COLUMNS > 0)].sum()


def test_an_enlarged_heart_is_wider_by_its_factor():
    widths = []
    for factor in (1.0, 1.3):
        shadow = chords(pose(ANATOMY, UPRIGHT, factor).heart, 0.0).length
        widths.append(np.ptp(COLUMNS[shadow.max(axis=0) > 0.01]))
    assert widths[1] / widths[0] == pytest.approx(1.3, abs=0.06)
    assert change(Disease(heart_factor=1.3), FRONTAL).max() > 0.2


def test_a_healthy_heart_is_less_than_half_as_wide_as_the_chest():
    rng = np.random.default_rng(0)
    ratios = [sample_anatomy(rng, "male", age).heart_ratio for age in range(20, 95)]
    assert max(ratios) < 0.5


def test_a_patch_is_hazy_around_its_place_and_only_over_aerated_lung():
    place = np.array([[0.2, 0.0, 0.5]], np.float32)
    patch = Consolidation(LEFT, place, np.array([0.1], np.float32), np.array([0.2], np.float32))
    shadow = change(Disease(consolidations=(patch,)), FRONTAL)
    row, column = np.unravel_index(shadow.argmax(), shadow.shape)
    assert ROWS[row] == pytest.approx(height_in_lung(0.5), abs=0.05)
    assert COLUMNS[column] > 0.2
    assert 0.1 < shadow.max() <= 0.2 + 1e-4
    assert np.abs(shadow[LUNG_ROWS[0] > ROWS]).max() < 1e-5


@pytest.mark.parametrize("finding", FINDINGS)
def test_every_finding_that_is_present_shows_in_the_frontal_view(finding):
    rng = np.random.default_rng(5)
    for _ in range(10):
        disease = sample_disease(rng, {name: name == finding for name in FINDINGS})
        assert np.abs(change(disease, FRONTAL)).max() > 0.03


def test_a_case_without_findings_looks_healthy():
    disease = sample_disease(np.random.default_rng(0), dict.fromkeys(FINDINGS, False))
    assert np.abs(change(disease, FRONTAL)).max() == 0
