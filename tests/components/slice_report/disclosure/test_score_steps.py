"""Steps by score: none of them holds a small count, and a curve keeps as many as it may."""

import numpy as np
import pytest

from components.slice_report.disclosure.score_steps import joined_bins, safe_steps

BELOW = 10


def is_small(counts):
    return ((counts > 0) & (counts < BELOW)).any()


@pytest.fixture(params=range(6))
def scored(request):
    """Three tables of cases without and with a class, counted at and above 40 thresholds."""
    random = np.random.default_rng(request.param)
    sizes = random.integers(20, 400, (3, 2))
    above = np.stack(
        [np.stack([-np.sort(-random.integers(0, size + 1, 40)) for size in pair]) for pair in sizes]
    )
    return above, sizes


def test_neither_a_threshold_nor_a_step_between_two_has_a_small_count(scored):
    above, totals = scored
    shown = [
        not is_small(np.r_[table[:, 20], total - table[:, 20]])
        for table, total in zip(above, totals, strict=True)
    ]
    steps = safe_steps(above, totals, 20, shown, BELOW)
    assert steps == sorted(steps)
    assert 20 in steps
    for table, total, whole in zip(above, totals, shown, strict=True):
        kept = [step for step in steps if whole or step != 20]
        points = np.column_stack([total, *(table[:, step] for step in kept), [0, 0]])
        assert not is_small(-np.diff(points, axis=1)), (kept, points)


def test_of_many_cases_every_threshold_stays():
    above = np.array([[[90, 60, 30], [80, 50, 20]]])
    assert safe_steps(above, np.array([[120, 100]]), 1, [True], BELOW) == [0, 1, 2]


def test_where_no_other_threshold_will_do_the_operating_point_is_alone():
    above = np.array([[[12, 11, 10], [12, 11, 10]]])
    assert safe_steps(above, np.array([[22, 22]]), 1, [True], BELOW) == [1]


def test_bins_are_joined_until_every_table_has_enough_in_each():
    counts = np.array([[[40, 5, 7, 30], [0, 12, 3, 20]], [[15, 15, 15, 15], [10, 10, 0, 10]]])
    assert joined_bins(counts, BELOW) == [[0], [1, 2], [3]]


def test_the_last_bins_join_the_one_before():
    counts = np.array([[[20, 20, 3], [20, 20, 0]]])
    assert joined_bins(counts, BELOW) == [[0], [1, 2]]


def test_of_too_few_cases_no_bin_is_left():
    assert joined_bins(np.array([[[3, 2], [1, 1]]]), BELOW) == []
