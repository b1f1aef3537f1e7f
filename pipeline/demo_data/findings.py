"""What a case can have, as changes of its chest: strengths vary, and some take a trained eye."""

from dataclasses import dataclass

import numpy as np

from pipeline.demo_data.anatomy import LEFT, RIGHT, Chest, Side
from pipeline.demo_data.fields import Field, smooth_step
from pipeline.demo_data.fine_structures import Floats, place_in_lung
from pipeline.demo_data.projection import COLUMNS, ROWS, EllipseStack

FINDINGS = ("opacity", "effusion", "cardiomegaly", "nodule")


@dataclass(frozen=True)
class Effusion:
    """Fluid in the pleural space of one side.

    Attributes:
        side: Where.
        level: Height of the meniscus at the chest wall, as a share of the lung from its apex.
        amount: Share of the half axes of the lung that the fluid takes at the base.
    """

    side: Side
    level: float
    amount: float


@dataclass(frozen=True)
class Consolidation:
    """A hazy patch: soft balls of denser lung.

    Attributes:
        side: Which lung.
        place: Of each ball in the lung, float32 [n, 3] (see `place_in_lung`).
        radius: Standard deviation of each ball, units, [n].
        density: Path length of soft tissue through the centre of each ball, units, [n].
    """

    side: Side
    place: Floats
    radius: Floats
    density: Floats


@dataclass(frozen=True)
class Nodule:
    """A small round density.

    Attributes:
        side: Which lung.
        place: float32 [1, 3] (see `place_in_lung`).
        radius: Units.
        density: Over that of aerated lung; soft tissue has 1.
    """

    side: Side
    place: Floats
    radius: float
    density: float


@dataclass(frozen=True)
class Disease:
    """Everything that a case has; a healthy case has factor 1 and nothing else."""

    heart_factor: float = 1.0
    effusions: tuple[Effusion, ...] = ()
    consolidations: tuple[Consolidation, ...] = ()
    nodules: tuple[Nodule, ...] = ()


def sample_disease(rng: np.random.Generator, present: dict[str, bool]) -> Disease:
    """Draws place and strength of the findings that are present.

    Args:
        rng: Source of randomness.
        present: For every entry of `FINDINGS`.

    Returns:
        The disease of one case.
    """
    return Disease(
        heart_factor=rng.uniform(1.13, 1.42) if present["cardiomegaly"] else 1.0,
        effusions=_effusions(rng) if present["effusion"] else (),
        consolidations=_consolidations(rng) if present["opacity"] else (),
        nodules=_nodules(rng) if present["nodule"] else (),
    )


def _side(rng: np.random.Generator) -> Side:
    return LEFT if rng.random() < 0.5 else RIGHT


def _effusions(rng: np.random.Generator) -> tuple[Effusion, ...]:
    sides = (LEFT, RIGHT) if rng.random() < 0.25 else (_side(rng),)
    return tuple(Effusion(s, rng.uniform(0.50, 0.76), rng.uniform(0.5, 0.95)) for s in sides)


def _consolidations(rng: np.random.Generator) -> tuple[Consolidation, ...]:
    sides = (LEFT, RIGHT) if rng.random() < 0.3 else (_side(rng),)
    strength = rng.uniform(0.09, 0.26)
    return tuple(_consolidation(rng, side, strength) for side in sides)


def _consolidation(rng: np.random.Generator, side: Side, strength: float) -> Consolidation:
    count = int(rng.integers(6, 13))
    centre = np.array([rng.uniform(-0.5, 0.5), rng.uniform(-0.5, 0.5), rng.uniform(0.25, 0.75)])
    spread = np.array([0.30, 0.30, 0.075])
    place = centre + rng.normal(0, 1, (count, 3)) * spread
    return Consolidation(
        side,
        place.astype(np.float32),
        rng.uniform(0.06, 0.15, count).astype(np.float32),
        (strength * rng.uniform(0.3, 1.0, count)).astype(np.float32),
    )


def _nodules(rng: np.random.Generator) -> tuple[Nodule, ...]:
    return tuple(_nodule(rng) for _ in range(1 + (rng.random() < 0.5)))


def _nodule(rng: np.random.Generator) -> Nodule:
    angle, reach = rng.uniform(0, 2 * np.pi), np.sqrt(rng.uniform(0, 0.5))
    place = [[reach * np.cos(angle), reach * np.sin(angle), rng.uniform(0.18, 0.72)]]
    radius, density = rng.uniform(0.09, 0.15), rng.uniform(1.1, 1.8)
    return Nodule(_side(rng), np.array(place, np.float32), radius, density)


def aerated(lung: EllipseStack, side: Side, disease: Disease) -> EllipseStack:
    """The part of a lung that holds air: fluid floats it up, and leaves a rising rim at the wall.

    Args:
        lung: Without fluid.
        side: Of the lung.
        disease: Of the case.

    Returns:
        The lung, narrower below the level of the fluid and pushed to the hilum and the front.
    """
    for effusion in disease.effusions:
        if effusion.side == side:
            lung = _floated(lung, effusion)
    return lung


def _floated(lung: EllipseStack, effusion: Effusion) -> EllipseStack:
    rows = ROWS[lung.radius_x > 0]
    share = (ROWS - rows[0]) / (rows[-1] - rows[0])
    depth = smooth_step(((share - effusion.level) / (0.92 - effusion.level)).astype(np.float32))
    kept = 1.0 - effusion.amount * depth
    pushed = 0.75 * (1.0 - kept)
    return EllipseStack(
        lung.x - effusion.side * pushed * lung.radius_x,
        lung.y + pushed * lung.radius_y,
        kept * lung.radius_x,
        kept * lung.radius_y,
    )


def densities(chest: Chest, disease: Disease, angle: float) -> Field:
    """Projects consolidations and nodules.

    Args:
        chest: The solids in the posture of the image.
        disease: Of the case.
        angle: Of the view, radians.

    Returns:
        float32 [GRID, GRID], path length of soft tissue, units.
    """
    total = np.zeros((len(ROWS), len(COLUMNS)), np.float32)
    for patch in disease.consolidations:
        u, z = _on_picture(chest.lungs[patch.side], patch.place, angle)
        for at_u, at_z, radius, density in zip(u, z, patch.radius, patch.density, strict=True):
            across = np.exp(-0.5 * ((COLUMNS - at_u) / radius) ** 2)
            along = np.exp(-0.5 * ((ROWS - at_z) / radius) ** 2)
            total += density * along[:, None] * across[None, :]
    for nodule in disease.nodules:
        u, z = _on_picture(chest.lungs[nodule.side], nodule.place, angle)
        distance = (COLUMNS[None, :] - u[0]) ** 2 + (ROWS[:, None] - z[0]) ** 2
        ball = np.sqrt(np.maximum(nodule.radius**2 - distance, 0.0))
        total += 2 * nodule.density * ball
    return total


def _on_picture(lung: EllipseStack, place: Floats, angle: float) -> tuple[Floats, Floats]:
    position = place_in_lung(lung, place)
    u = position[:, 0] * np.cos(angle) + position[:, 1] * np.sin(angle)
    return u.astype(np.float32), position[:, 2]
