"""Corrected p-values and crossings, against hand-worked values."""

import math

import numpy as np
import pytest

from components.study_report.statistics import Crossing, crossing_interval, first_crossing, holm


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


def test_the_interval_of_a_crossing_is_that_of_its_resamples():
    # From 0.7 at 10% up to 0.9 at all: resample r of 200 meets its target at (10 + 0.45 r)%.
    values = np.repeat([[0.7], [0.9]], 200, axis=1)
    targets = 0.7 + 0.001 * np.arange(1, 201)
    lower, upper = crossing_interval([0.1, 1.0], values, targets)
    assert (lower.status, upper.status) == ("reached", "reached")
    # The 5th and the 195th of 200.
    assert (lower.fraction, upper.fraction) == pytest.approx((0.1 + 0.0225, 0.1 + 0.8775))


def test_a_resample_that_does_not_reach_is_beyond_all_that_do():
    values = np.repeat([[0.7], [0.9]], 200, axis=1)
    targets = np.array([0.6] * 100 + [0.8] * 90 + [0.95] * 10)
    lower, upper = crossing_interval([0.1, 1.0], values, targets)
    assert (lower, upper) == (Crossing("at_smallest", 0.1), Crossing("not_reached", None))


def test_a_crossing_has_no_interval_where_most_resamples_leave_something_undefined():
    values = np.repeat([[0.7], [0.9]], 200, axis=1)
    targets = np.full(200, 0.8)
    values[1, :50] = math.nan
    targets[50:100] = math.nan
    assert crossing_interval([0.1, 1.0], values, targets) is not None
    targets[100] = math.nan
    assert crossing_interval([0.1, 1.0], values, targets) is None
