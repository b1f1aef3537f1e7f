"""Thin structures of a chest, as points: ribs, clavicles, shoulder blades, lung vessels."""

import functools

import numpy as np
from numpy.typing import NDArray

from pipeline.demo_data.anatomy import LEFT, LUNG_TOP, RIGHT, Anatomy, Chest, Side, chest_profile
from pipeline.demo_data.projection import EXTENT, GRID, ROWS, EllipseStack, Points

Floats = NDArray[np.float32]

_RIBS = 10
_STEPS = 90
_TRUNKS = 34
# Across a rib: its two edges are dense (cortex), its middle is not.
_ACROSS = np.linspace(-1.0, 1.0, 5)
_ACROSS_MASS = np.array([1.0, 0.45, 0.4, 0.45, 1.0])
# Turns the mass of a point into path length over one pixel.
_PER_AREA = (GRID / EXTENT) ** 2


def join(parts: list[Points]) -> Points:
    """Puts several sets of points into one."""
    return Points(
        np.concatenate([part.position for part in parts]),
        np.concatenate([part.mass for part in parts]),
    )


def bones(anatomy: Anatomy, arms_raised: bool) -> Points:
    """Ribs, clavicles and the inner edges of the shoulder blades.

    Args:
        anatomy: The patient.
        arms_raised: Shoulder blades are turned off the lungs.

    Returns:
        Points whose mass is the path length of bone that they stand for, per unit area.
    """
    blades = [_shoulder_blade(anatomy, side, arms_raised) for side in (RIGHT, LEFT)]
    return join([_rib_cage(anatomy), *blades])


@functools.lru_cache(maxsize=4)
def _rib_cage(anatomy: Anatomy) -> Points:
    """Ribs and clavicles; kept for the patient's next image."""
    ribs = [_rib(anatomy, side, number) for side in (RIGHT, LEFT) for number in range(_RIBS)]
    return join(ribs + [_clavicle(anatomy, side) for side in (RIGHT, LEFT)])


def _rib(anatomy: Anatomy, side: Side, number: int) -> Points:
    """Half an ellipse from the spine to the front, falling; the front third is cartilage."""
    top = LUNG_TOP - 0.06 + anatomy.lung_height * (0.045 + 0.084 * number)
    profile = chest_profile(np.clip((top + 0.15 - LUNG_TOP) / anatomy.lung_height, 0.05, 1.0))
    turn = np.linspace(0.03, 0.80, _STEPS) * np.pi
    drop = anatomy.rib_slope * (0.65 + 0.35 * profile) * (1 - np.cos(turn)) / 1.4
    x = side * (0.04 + anatomy.chest_width * 1.02 * profile * np.sin(turn) ** 0.8)
    y = -anatomy.chest_depth * 1.02 * profile**0.8 * np.cos(turn)
    z = top + drop * 1.15
    fade = np.clip((0.80 * np.pi - turn) / 0.35, 0.0, 1.0)
    return _band(np.stack([x, y, z], axis=1), 0.036, 0.25 * anatomy.bone, fade)


def _clavicle(anatomy: Anatomy, side: Side) -> Points:
    way = np.linspace(0.0, 1.0, _STEPS)
    x = side * (0.08 + (anatomy.chest_width * 0.95 - 0.08) * way)
    y = anatomy.chest_depth * (0.75 - 0.75 * way)
    z = 0.52 - 0.14 * way - 0.035 * np.sin(2 * np.pi * way)
    return _band(np.stack([x, y, z], axis=1), 0.032, 0.2 * anatomy.bone, np.ones(_STEPS))


def _shoulder_blade(anatomy: Anatomy, side: Side, arms_raised: bool) -> Points:
    way = np.linspace(0.0, 1.0, _STEPS)
    outwards = 1.10 if arms_raised else 0.88
    x = side * anatomy.chest_width * (outwards - 0.14 * np.sin(np.pi * way) + 0.05 * way)
    y = np.full(_STEPS, -anatomy.chest_depth * 0.95)
    z = 0.46 + 0.62 * way
    return _band(np.stack([x, y, z], axis=1), 0.03, 0.1 * anatomy.bone, 1 - 0.5 * way)


def _band(
    path: NDArray[np.float64], half_width: float, density: float, fade: NDArray[np.float64]
) -> Points:
    """Widens a path across its fall: parallel strands, shifted in z."""
    length = np.linalg.norm(np.gradient(path, axis=0), axis=1)
    shift = np.zeros((len(_ACROSS), 1, 3))
    shift[:, 0, 2] = _ACROSS * half_width
    position = (path[None] + shift).reshape(-1, 3)
    mass = density * half_width * _ACROSS_MASS[:, None] * (length * fade)[None]
    return Points(position.astype(np.float32), (mass.ravel() * _PER_AREA).astype(np.float32))


def place_in_lung(lung: EllipseStack, inside: Floats) -> Floats:
    """Turns places relative to a lung into positions.

    Args:
        lung: The lung.
        inside: [n, 3]: sideways and front to back, both -1..1 over the ellipse, and the share
            0..1 of the lung's height from its apex.

    Returns:
        float32 [n, 3] (x, y, z): the same place of the lung in every posture.
    """
    rows = ROWS[lung.radius_x > 0]
    z = rows[0] + inside[:, 2] * (rows[-1] - rows[0])
    x = np.interp(z, ROWS, lung.x) + inside[:, 0] * np.interp(z, ROWS, lung.radius_x)
    y = np.interp(z, ROWS, lung.y) + inside[:, 1] * np.interp(z, ROWS, lung.radius_y)
    return np.stack([x, y, z], axis=1).astype(np.float32)


def vessels(anatomy: Anatomy, chest: Chest) -> Points:
    """Arteries and veins that spread from each hilum and thin out; the same in every posture."""
    trees = []
    for side in (RIGHT, LEFT):
        tree = _vessel_tree(anatomy.seed, side)
        trees.append(Points(place_in_lung(chest.lungs[side], tree.position), tree.mass))
    return join(trees)


@functools.lru_cache(maxsize=8)
def _vessel_tree(seed: int, side: Side) -> Points:
    """The tree of one lung; its positions are places in the lung (see `place_in_lung`)."""
    rng = np.random.default_rng([seed, side + 1])
    hilum = np.array([-0.80 * side, -0.05, 0.46])
    angle = rng.uniform(0, 2 * np.pi, _TRUNKS)
    reach = np.sqrt(rng.uniform(0.1, 0.95, _TRUNKS))
    down = rng.uniform(0.08, 0.97, _TRUNKS)
    ends = np.stack([reach * np.cos(angle), reach * np.sin(angle), down], axis=1)
    starts = hilum + rng.normal(0, [0.10, 0.15, 0.05], ends.shape)
    trunks = _curves(rng, starts, ends, bend=0.12)
    # A twig leaves every trunk half way and half as thick.
    forks = trunks[:, trunks.shape[1] // 2]
    tips = forks + (ends - forks) * 0.8 + rng.normal(0, 0.16, ends.shape)
    twigs = _curves(rng, forks, tips, bend=0.06)
    taper = np.linspace(0.8, 0.15, trunks.shape[1])
    calibre = rng.uniform(0.5, 1.2, (_TRUNKS, 1))
    mass = 0.10 * np.concatenate([calibre * taper, 0.5 * calibre * taper]).ravel()
    place = np.concatenate([trunks, twigs]).reshape(-1, 3)
    inside = np.hypot(place[:, 0], place[:, 1]) < 0.97
    inside &= (place[:, 2] > 0) & (place[:, 2] < 1)
    return Points(place[inside].astype(np.float32), mass[inside].astype(np.float32))


def _curves(
    rng: np.random.Generator,
    starts: NDArray[np.float64],
    ends: NDArray[np.float64],
    bend: float,
) -> NDArray[np.float64]:
    """Quadratic Bezier curves, [n, 40, 3]."""
    way = np.linspace(0.0, 1.0, 40)[None, :, None]
    middle = (starts + ends) / 2 + rng.normal(0, bend, starts.shape)
    bent = 2 * way * (1 - way) * middle[:, None]
    return (1 - way) ** 2 * starts[:, None] + bent + way**2 * ends[:, None]
