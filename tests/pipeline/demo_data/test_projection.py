"""The projection against ray marching and solids with a known shadow."""

import numpy as np
import pytest

from pipeline.demo_data.projection import (
    COLUMNS,
    EXTENT,
    GRID,
    ROWS,
    EllipseStack,
    Points,
    chords,
    overlap,
    project_points,
)

ZERO = np.zeros_like(ROWS)


def ball(x: float, y: float, z: float, radius: float) -> EllipseStack:
    section = np.sqrt(np.maximum(radius**2 - (ROWS - z) ** 2, 0)).astype(np.float32)
    return EllipseStack(ZERO + x, ZERO + y, section, section)


def marched_length(solids: list[EllipseStack], angle: float) -> np.ndarray:
    """Path length inside all solids, by small steps along each ray."""
    depth = np.linspace(-1.5, 1.5, 3001)
    u, v = COLUMNS[None, :, None], depth[None, None, :]
    inside = np.ones((GRID // 16, GRID, len(depth)), bool)
    for solid in solids:
        x = u * np.cos(angle) - v * np.sin(angle) - solid.x[::16, None, None]
        y = u * np.sin(angle) + v * np.cos(angle) - solid.y[::16, None, None]
        along = x * np.cos(solid.turn) + y * np.sin(solid.turn)
        across = y * np.cos(solid.turn) - x * np.sin(solid.turn)
        p, q = solid.radius_x[::16, None, None], solid.radius_y[::16, None, None]
        inside &= (along / p) ** 2 + (across / q) ** 2 < 1
    return inside.sum(axis=-1) * (depth[1] - depth[0])


def slanted() -> EllipseStack:
    return EllipseStack(0.2 + 0.1 * ROWS, ZERO - 0.15, 0.3 + 0.1 * ROWS, ZERO + 0.25, turn=0.6)


@pytest.mark.parametrize("angle", [0.0, 0.7, np.pi / 2, 2.5])
def test_a_chord_is_as_long_as_a_march_through_the_solid(angle):
    expected = marched_length([slanted()], angle)
    np.testing.assert_allclose(chords(slanted(), angle).length[::16], expected, atol=0.004)


@pytest.mark.parametrize("angle", [0.0, 1.0])
def test_an_overlap_is_as_long_as_a_march_through_both_solids(angle):
    other = EllipseStack(ZERO - 0.1, ZERO, ZERO + 0.4, ZERO + 0.5)
    expected = marched_length([slanted(), other], angle)
    measured = overlap(chords(slanted(), angle), chords(other, angle))[::16]
    np.testing.assert_allclose(measured, expected, atol=0.004)
    assert expected.max() > 0.3


def test_a_ball_casts_the_same_shadow_from_every_side():
    centred = ball(0, 0, 1.2, 0.5)
    front, side = chords(centred, 0.0).length, chords(centred, np.pi / 2).length
    np.testing.assert_allclose(front, side, atol=1e-5)
    distance = COLUMNS[None] ** 2 + (ROWS[:, None] - 1.2) ** 2
    expected = 2 * np.sqrt(np.maximum(0.25 - distance, 0))
    np.testing.assert_allclose(front, expected, atol=1e-5)


def test_what_lies_to_the_left_is_on_the_right_of_a_frontal_picture():
    shadow = chords(ball(0.6, 0, 1.2, 0.2), 0.0).length
    assert COLUMNS[shadow.sum(axis=0).argmax()] == pytest.approx(0.6, abs=0.02)


def test_what_lies_in_front_is_on_the_right_of_a_lateral_picture():
    shadow = chords(ball(0.6, 0.4, 1.2, 0.2), np.pi / 2).length
    assert COLUMNS[shadow.sum(axis=0).argmax()] == pytest.approx(0.4, abs=0.02)


def test_a_point_is_shared_among_four_pixels_by_its_distance_to_them():
    pixel = EXTENT / GRID
    # A quarter of a pixel right of the centre of column 70, half a pixel below that of row 10.
    position = [[COLUMNS[70] + 0.25 * pixel, 0.0, ROWS[10] + 0.5 * pixel]]
    picture = project_points(Points(np.array(position), np.array([8.0])), 0.0)
    np.testing.assert_allclose(picture[10:12, 70:72], [[3, 1], [3, 1]], atol=1e-3)
    assert picture.sum() == pytest.approx(8)


def test_a_point_beside_the_picture_is_left_out():
    outside = Points(np.array([[5.0, 0, 1], [0, 0, -1.0], [0, 0, 9.0]]), np.ones(3))
    assert project_points(outside, 0.0).sum() == 0
