"""The X-ray shadow of a chest in one view: attenuation along the rays, before any detector."""

from dataclasses import dataclass

import numpy as np

from pipeline.demo_data.anatomy import Anatomy, Chest, Posture, pose
from pipeline.demo_data.fields import Field, blur
from pipeline.demo_data.findings import Disease, aerated, densities
from pipeline.demo_data.fine_structures import bones, vessels
from pipeline.demo_data.projection import Chords, chords, overlap, project_points

LUNG_DENSITY = 0.32
_SPINE_DENSITY = 0.5
# Beam hardening: a rib seen along its length is not much brighter than one seen across.
_DENSEST_BONE = 0.55


@dataclass(frozen=True)
class View:
    """How one image is taken.

    Attributes:
        name: `PA`, `AP`, `lateral` or `oblique`.
        angle: Turn of the patient, radians; a few degrees off in every image.
        posture: Of the patient.
    """

    name: str
    angle: float
    posture: Posture


def sample_view(rng: np.random.Generator, name: str) -> View:
    """Draws how a view turns out: aim, breath and posture differ from image to image."""
    sloppy = rng.normal(0, np.deg2rad(4))
    turn = {"lateral": np.pi / 2, "oblique": rng.choice([-1, 1]) * rng.uniform(0.45, 0.85)}
    bedside = name == "AP"
    posture = Posture(
        inspiration=rng.uniform(0.80, 0.95) if bedside else rng.uniform(0.90, 1.03),
        arms_raised=name in turn,
        heart_magnification=rng.uniform(1.05, 1.14) if bedside else rng.uniform(0.98, 1.03),
    )
    return View(name, turn.get(name, 0.0) + sloppy * (1.6 if bedside else 1.0), posture)


def attenuation(anatomy: Anatomy, disease: Disease, view: View) -> Field:
    """Projects a chest.

    Args:
        anatomy: The patient.
        disease: Of the case.
        view: Of the image.

    Returns:
        float32 [GRID, GRID], path length in units of soft tissue; 0 beside the body.
    """
    chest = pose(anatomy, view.posture, disease.heart_factor)
    air = _air(chest, disease, view.angle)
    trunk = chords(chest.trunk, view.angle)
    tissue = trunk.length
    for breast in chest.breasts:
        outside = chords(breast, view.angle)
        tissue += 0.6 * (outside.length - overlap(outside, trunk))
    tissue -= (1.0 - LUNG_DENSITY) * air
    tissue += densities(chest, disease, view.angle) * np.clip(air / 0.35, 0.0, 1.0)
    tissue -= chords(chest.trachea, view.angle).length
    tissue -= 0.6 * chords(chest.stomach_bubble, view.angle).length
    tissue += _SPINE_DENSITY * chords(chest.spine, view.angle).length
    vascular = project_points(vessels(anatomy, chest), view.angle)
    tissue += blur(vascular, 0.8) * np.clip(air / 0.25, 0.0, 1.0)
    bone = blur(project_points(bones(anatomy, view.posture.arms_raised), view.angle), 0.9)
    tissue += bone / (1.0 + bone / _DENSEST_BONE)
    return np.maximum(tissue, 0.0)


def _air(chest: Chest, disease: Disease, angle: float) -> Field:
    """Path length through aerated lung."""
    heart = chords(chest.heart, angle)
    great_vessels = chords(chest.great_vessels, angle)
    total = np.zeros_like(heart.near)
    for side, whole in chest.lungs.items():
        lung = chords(aerated(whole, side, disease), angle)
        total += _without(lung, (chords(chest.domes[side], angle), heart, great_vessels))
    return total


def _without(lung: Chords, others: tuple[Chords, ...]) -> Field:
    displaced = sum((overlap(lung, other) for other in others), np.zeros_like(lung.near))
    return np.maximum(lung.length - displaced, 0.0)
