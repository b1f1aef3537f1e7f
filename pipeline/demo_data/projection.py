"""Parallel projection of a phantom: organs as stacks of ellipses, bones and vessels as points.

Coordinates of the patient, in units of about 15 cm: x to the patient's left, y to the front,
z downwards from the upper edge of the picture. A view turns the patient about z; on the picture,
u runs to the right (the patient's left in a frontal view) and z downwards.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.demo_data.fields import Field

GRID = 128
"""Side of the projected picture, pixels."""
EXTENT = 2.4
"""Side of the projected picture, units."""

ROWS: Field = ((np.arange(GRID) + 0.5) * EXTENT / GRID).astype(np.float32)
"""z of every row, [GRID]."""
COLUMNS: Field = (ROWS - EXTENT / 2).astype(np.float32)
"""u of every column, [GRID]."""


@dataclass(frozen=True)
class EllipseStack:
    """A solid that every horizontal plane cuts in an ellipse.

    Attributes:
        x: Centre of the ellipse of each row, [GRID].
        y: The same, front to back, [GRID].
        radius_x: Half axis, [GRID]; 0 where the solid does not reach.
        radius_y: Half axis, [GRID].
        turn: Angle of the ellipse's x axis about z, radians.
    """

    x: Field
    y: Field
    radius_x: Field
    radius_y: Field
    turn: float = 0.0


@dataclass(frozen=True)
class Chords:
    """Where the rays of a view enter and leave a solid: depth, float32 [GRID, GRID] each."""

    near: Field
    far: Field

    @property
    def length(self) -> Field:
        """Path length inside the solid, [GRID, GRID]."""
        return self.far - self.near


@dataclass(frozen=True)
class Points:
    """Material in thin curves: position [n, 3] (x, y, z) and mass [n]."""

    position: NDArray[np.float32]
    mass: NDArray[np.float32]


def chords(solid: EllipseStack, angle: float) -> Chords:
    """Intersects the rays of a view with a solid.

    A ray at u has the points (u cos a - v sin a, u sin a + v cos a) with depth v; in an ellipse
    with half axes p, q it has length 2 p q sqrt(w^2 - u^2) / w^2, w^2 = p^2 cos^2 a + q^2 sin^2 a.

    Args:
        solid: What the rays cross.
        angle: Of the view about z, radians; 0 is frontal, pi / 2 from the side.

    Returns:
        The chords; `near` equals `far` on rays that miss.
    """
    cosine, sine = np.cos(angle - solid.turn), np.sin(angle - solid.turn)
    shadow = (solid.radius_x * cosine) ** 2 + (solid.radius_y * sine) ** 2
    shadow = np.maximum(shadow, 1e-8)[:, None]
    centre_u = (solid.x * np.cos(angle) + solid.y * np.sin(angle))[:, None]
    centre_v = (solid.y * np.cos(angle) - solid.x * np.sin(angle))[:, None]
    offset = COLUMNS[None, :] - centre_u
    product = (solid.radius_x * solid.radius_y)[:, None]
    half = product * np.sqrt(np.maximum(shadow - offset * offset, 0.0)) / shadow
    lean = (solid.radius_y**2 - solid.radius_x**2)[:, None] * cosine * sine / shadow
    middle = centre_v + lean * offset
    return Chords((middle - half).astype(np.float32), (middle + half).astype(np.float32))


def overlap(first: Chords, second: Chords) -> Field:
    """Path length inside both solids, float32 [GRID, GRID]."""
    near = np.maximum(first.near, second.near)
    far = np.minimum(first.far, second.far)
    return np.maximum(far - near, 0.0)


def project_points(points: Points, angle: float) -> Field:
    """Projects points, each spread over its four nearest pixels.

    Returns:
        float32 [GRID, GRID], mass per pixel; what falls outside is left out.
    """
    x, y, z = points.position.T
    u = x * np.cos(angle) + y * np.sin(angle)
    column = u * (GRID / EXTENT) + GRID / 2 - 0.5
    row = z * (GRID / EXTENT) - 0.5
    seen = (row >= 0) & (row < GRID - 1) & (column >= 0) & (column < GRID - 1)
    row, column, mass = row[seen], column[seen], points.mass[seen]
    top, left = row.astype(np.int64), column.astype(np.int64)
    lower, right = (row - top) * mass, column - left
    upper = mass - lower
    corner = top * GRID + left
    cells = np.concatenate([corner, corner + 1, corner + GRID, corner + GRID + 1])
    shares = [upper * (1 - right), upper * right, lower * (1 - right), lower * right]
    picture = np.bincount(cells, np.concatenate(shares), minlength=GRID * GRID)
    return picture.reshape(GRID, GRID).astype(np.float32)
