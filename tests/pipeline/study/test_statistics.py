"""Corrected p-values and crossings, against hand-worked values."""

import math

import pytest

from pipeline.study.statistics import Crossing, first_crossing, holm


def test_holms_correction_by_hand():
    # Sorted 0.01, 0.02, 0.03, 0.04 times 4, 3, 2, 1, each at least the one before.
    assert holm([0.03, 0.01, 0.04, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.9, 0.6]) == [1.0, 1.0]


def test_holm_leaves_out_what_was_not_compared():
    corrected = holm([0.01, math.nan, 0.02])
    assert math.isnan(corrected[1])
    assert corrected[0] == pytest.approx(0.02)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (0.70, Crossing("at_smallest", 0.1)),
        (0.80, Crossing("reached", 0.35)),  # Half way from 0.75 at 20% to 0.85 at 50%.
        (0.90, Crossing("reached", 1.0)),
        (0.91, Crossing("not_reached", None)),
    ],
)
def test_where_a_curve_reaches_a_value(target, expected):
    found = first_crossing([0.1, 0.2, 0.5, 1.0], [0.70, 0.75, 0.85, 0.90], target)
    assert found.status == expected.status
    assert found.fraction == (expected.fraction and pytest.approx(expected.fraction))
