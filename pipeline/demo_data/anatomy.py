"""The chest of one patient: what stays the same in every image, and its organs in one posture."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.demo_data.fields import Field, smooth_step
from pipeline.demo_data.projection import ROWS, EllipseStack

Side = Literal[-1, 1]
"""1 is the patient's left."""
RIGHT: Side = -1
LEFT: Side = 1

LUNG_TOP = 0.34
_LOWEST_ROW = float(ROWS[-1])
_ZERO: Field = np.zeros_like(ROWS)


@dataclass(frozen=True)
class Anatomy:
    """Measures of one patient, in units of `projection`.

    Attributes:
        sex: `female` or `male`.
        chest_width: Half the inner width of the rib cage.
        chest_depth: Half its depth.
        lung_height: From the apex to the costophrenic angle, at full inspiration.
        fat: Thickness of the tissue over the ribs.
        breast: Radius; 0 without.
        heart_ratio: Width of the healthy heart over the width of the chest.
        heart_tilt: How far the heart leans to the left, x per z.
        aortic_knob: Bulge of the aortic arch.
        dome_height: Of the diaphragm.
        spine_curve: Sideways amplitude of the spine.
        rib_slope: How far a rib falls from the spine to its side.
        bone: Density of bone over that of soft tissue.
        seed: Of the pattern of the vessels.
    """

    sex: str
    chest_width: float
    chest_depth: float
    lung_height: float
    fat: float
    breast: float
    heart_ratio: float
    heart_tilt: float
    aortic_knob: float
    dome_height: float
    spine_curve: float
    rib_slope: float
    bone: float
    seed: int


@dataclass(frozen=True)
class Posture:
    """How the patient stands or lies for one image.

    Attributes:
        inspiration: Share of the full height of the lungs.
        arms_raised: Shoulders out of the way, as for a lateral view.
        heart_magnification: Above 1 when the front of the chest is nearer to the tube (AP).
    """

    inspiration: float
    arms_raised: bool
    heart_magnification: float


@dataclass(frozen=True)
class Chest:
    """The solids of one patient in one posture."""

    trunk: EllipseStack
    breasts: tuple[EllipseStack, ...]
    lungs: dict[Side, EllipseStack]
    domes: dict[Side, EllipseStack]
    heart: EllipseStack
    great_vessels: EllipseStack
    spine: EllipseStack
    trachea: EllipseStack
    stomach_bubble: EllipseStack


def sample_anatomy(rng: np.random.Generator, sex: str, age: int) -> Anatomy:
    """Draws the measures of one patient; a heart grows a little with age."""
    size = 1.0 if sex == "male" else 0.94
    chest_width = size * rng.normal(0.80, 0.045)
    return Anatomy(
        sex=sex,
        chest_width=chest_width,
        chest_depth=chest_width * rng.normal(0.62, 0.04),
        lung_height=size * rng.normal(1.60, 0.08),
        fat=float(np.clip(rng.gamma(2.5, 0.035), 0.02, 0.3)),
        breast=rng.uniform(0.18, 0.34) if sex == "female" else 0.0,
        heart_ratio=float(np.clip(rng.normal(0.425 + 0.0004 * age, 0.02), 0.37, 0.475)),
        heart_tilt=rng.normal(0.30, 0.10),
        aortic_knob=rng.uniform(0.02, 0.06) + 0.0006 * age,
        dome_height=rng.normal(0.30, 0.04),
        spine_curve=rng.normal(0.0, 0.018),
        rib_slope=rng.normal(0.30, 0.05),
        bone=rng.normal(1.0, 0.15) - 0.003 * age,
        seed=int(rng.integers(2**31)),
    )


def pose(anatomy: Anatomy, posture: Posture, heart_factor: float = 1.0) -> Chest:
    """Builds the solids of a chest.

    Args:
        anatomy: The patient.
        posture: Of this image.
        heart_factor: Enlargement of the heart by disease.

    Returns:
        The solids; less inspiration raises the diaphragm and lays the heart flatter.
    """
    height = anatomy.lung_height * posture.inspiration
    floor = LUNG_TOP + height
    lungs: dict[Side, EllipseStack] = {s: _lung(anatomy, s, height) for s in (RIGHT, LEFT)}
    domes: dict[Side, EllipseStack] = {s: _dome(anatomy, lungs[s], s, floor) for s in lungs}
    heart_width = heart_factor * posture.heart_magnification * (1.6 - 0.6 * posture.inspiration)
    return Chest(
        trunk=_trunk(anatomy, posture, floor),
        breasts=_breasts(anatomy, floor),
        lungs=lungs,
        domes=domes,
        heart=_heart(anatomy, floor, heart_width),
        great_vessels=_great_vessels(anatomy, floor),
        spine=_spine(anatomy),
        trachea=_trachea(anatomy),
        stomach_bubble=_stomach_bubble(anatomy, floor),
    )


def chest_profile(share: Field) -> Field:
    """Width of the rib cage over its greatest width, at a share 0..1 of the lung's height."""
    return (1.0 - (1.0 - share) ** 4.2) ** 0.62 * (0.90 + 0.10 * share)


def _ball(x: float, y: float, z: float, radii: tuple[float, float, float]) -> EllipseStack:
    section = np.sqrt(np.maximum(1.0 - ((ROWS - z) / radii[2]) ** 2, 0.0))
    return EllipseStack(_ZERO + x, _ZERO + y, radii[0] * section, radii[1] * section)


def _lung(anatomy: Anatomy, side: Side, height: float) -> EllipseStack:
    share = np.clip((ROWS - LUNG_TOP) / height, 0.0, 1.0)
    inside = (ROWS > LUNG_TOP) & (LUNG_TOP + height > ROWS)
    profile = chest_profile(share)
    outer = anatomy.chest_width * profile
    inner = 0.07 + 0.05 * (1 - share)
    half_width = np.where(inside, np.maximum(outer - inner, 0.0) / 2, 0.0)
    centre = side * (inner + half_width)
    depth = np.where(inside, anatomy.chest_depth * profile**0.8, 0.0)
    return EllipseStack(centre.astype(np.float32), _ZERO, half_width, depth)


def _dome(anatomy: Anatomy, lung: EllipseStack, side: Side, floor: float) -> EllipseStack:
    # The liver lifts the right dome; the sulcus behind reaches lower than the one in front.
    height = anatomy.dome_height * (1.12 if side == RIGHT else 0.95)
    rise = np.clip((ROWS - (floor - height)) / height, 0.0, 1.0)
    section = np.sqrt(1.0 - (1.0 - rise) ** 2).astype(np.float32)
    return EllipseStack(
        lung.x - side * 0.06 * lung.radius_x,
        _ZERO + 0.10 * anatomy.chest_depth,
        1.14 * section * lung.radius_x,
        1.16 * section * lung.radius_y,
    )


def _heart(anatomy: Anatomy, floor: float, width_factor: float) -> EllipseStack:
    radius = anatomy.heart_ratio * anatomy.chest_width * width_factor
    half_height = 0.42 * width_factor**0.5
    centre = floor - anatomy.dome_height - 0.20
    section = np.maximum(1.0 - np.abs((ROWS - centre) / half_height) ** 2.2, 0.0) ** 0.5
    x = 0.30 * radius + anatomy.heart_tilt * (ROWS - centre) * 0.6
    return EllipseStack(
        x.astype(np.float32),
        _ZERO + 0.30 * anatomy.chest_depth,
        (radius * section).astype(np.float32),
        (0.72 * radius * section).astype(np.float32),
        turn=-0.5,
    )


def _great_vessels(anatomy: Anatomy, floor: float) -> EllipseStack:
    knob = np.exp(-(((ROWS - 0.78) / 0.11) ** 2))
    trunk = np.exp(-(((ROWS - 1.0) / 0.13) ** 2))
    column = 0.15 * smooth_step((ROWS - 0.1) / 0.4) * smooth_step((floor - ROWS) / 0.2)
    bulge = anatomy.aortic_knob * (1.6 * knob + trunk)
    return EllipseStack(
        (0.5 * bulge + 0.02).astype(np.float32),
        _ZERO,
        (column + 0.5 * bulge).astype(np.float32),
        (1.2 * column + bulge).astype(np.float32),
    )


def _spine(anatomy: Anatomy) -> EllipseStack:
    disc = 0.5 + 0.5 * np.cos(2 * np.pi * ROWS / (0.085 + 0.03 * ROWS))
    radius = 0.085 + 0.02 * ROWS
    x = anatomy.spine_curve * np.sin(2.2 * ROWS)
    # The curve of the back: thoracic kyphosis.
    y = -anatomy.chest_depth * (0.62 + 0.22 * np.sin(np.pi * np.clip(ROWS / 2.2, 0, 1)))
    return EllipseStack(x, y, radius * (1 - 0.10 * disc), 1.1 * radius * (1 - 0.22 * disc))


def _trachea(anatomy: Anatomy) -> EllipseStack:
    radius = 0.055 * np.sqrt(smooth_step((0.90 - ROWS) / 0.2))
    x = anatomy.spine_curve * np.sin(2.2 * ROWS) - 0.015
    return EllipseStack(x, _ZERO - 0.02 - 0.06 * ROWS, radius, radius)


def _stomach_bubble(anatomy: Anatomy, floor: float) -> EllipseStack:
    size = 0.45 * anatomy.dome_height
    x = 0.45 * anatomy.chest_width + anatomy.spine_curve
    return _ball(x, 0.08, floor - 0.02, (size, 0.9 * size, 0.6 * size))


def _trunk(anatomy: Anatomy, posture: Posture, floor: float) -> EllipseStack:
    wall = 0.09 + anatomy.fat
    # The muscles from the arm to the back stand out at the sides.
    torso = anatomy.chest_width + wall + 0.10
    shoulder = torso * (0.92 if posture.arms_raised else 1.22)
    width = np.interp(
        ROWS,
        [0.0, 0.16, 0.36, 0.52, 0.85, floor, _LOWEST_ROW],
        [0.30, 0.34, 0.9 * shoulder, shoulder, torso, torso, 0.97 * torso],
    )
    depth = np.interp(
        ROWS,
        [0.0, 0.16, 0.45, 0.8, _LOWEST_ROW],
        [0.26, 0.28, 0.8 * anatomy.chest_depth, 0.0, 0.0],
    )
    trunk_depth = anatomy.chest_depth + wall
    depth = np.maximum(depth, trunk_depth * smooth_step((ROWS - 0.2) / 0.6))
    # Smoothed, so that the skin has no kinks.
    return EllipseStack(_ZERO, _ZERO, _smooth(width), _smooth(depth))


def _breasts(anatomy: Anatomy, floor: float) -> tuple[EllipseStack, ...]:
    if not anatomy.breast:
        return ()
    front = anatomy.chest_depth + anatomy.fat + 0.04
    radii = (1.2 * anatomy.breast, 0.55 * anatomy.breast, 1.1 * anatomy.breast)
    return tuple(_ball(side * 0.44, front, floor - 0.45, radii) for side in (RIGHT, LEFT))


def _smooth(profile: NDArray[np.float64]) -> Field:
    kernel = np.hanning(17)
    padded = np.pad(profile, 8, mode="edge")
    return np.convolve(padded, kernel / kernel.sum(), mode="valid").astype(np.float32)
