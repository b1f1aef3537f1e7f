"""A map over processes: in order, and never far ahead of who asks."""

import itertools

import pytest

from components.dataset_readers.ordered_map import ordered_map


def _square(number: int) -> int:
    return number * number


@pytest.mark.parametrize("processes", [1, 2])
def test_results_come_in_order(processes):
    assert list(ordered_map(_square, range(50), processes)) == [n * n for n in range(50)]


@pytest.mark.parametrize("processes", [1, 2])
def test_endless_items_are_read_only_as_needed(processes):
    taken = []
    items = (taken.append(number) or number for number in itertools.count())
    results = ordered_map(_square, items, processes)
    assert next(results) == 0
    results.close()
    assert len(taken) <= 20
