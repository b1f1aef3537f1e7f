"""A map over processes: in order, and never far ahead of who asks."""

import itertools
import os

import pytest

from components.dataset_readers.ordered_map import ordered_map


def _square(number: int) -> int:
    return number * number


def _square_or_die(number: int) -> int:
    if number in (3, 40):
        os._exit(1)
    return number * number


def _crashed(number: int) -> int:
    return -number


@pytest.mark.parametrize("processes", [1, 2])
def test_results_come_in_order(processes):
    assert list(ordered_map(_square, range(50), processes, _crashed)) == [n * n for n in range(50)]


@pytest.mark.parametrize("processes", [1, 2])
def test_endless_items_are_read_only_as_needed(processes):
    taken = []
    items = (taken.append(number) or number for number in itertools.count())
    results = ordered_map(_square, items, processes, _crashed)
    assert next(results) == 0
    results.close()
    assert len(taken) <= 20


def test_a_process_that_dies_costs_only_its_own_item():
    results = list(ordered_map(_square_or_die, range(60), 2, _crashed))
    assert results == [-n if n in (3, 40) else n * n for n in range(60)]
