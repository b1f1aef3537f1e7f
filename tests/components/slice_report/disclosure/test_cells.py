"""Withheld cells: no small count can be worked out, and not more is withheld than needed."""

import itertools

import pytest

from components.slice_report.disclosure.cells import (
    Sum,
    determined,
    is_open,
    shown_count,
    withheld,
)


def cells_of(**counts):
    return {(name,): {"cases": count} for name, count in counts.items()}


def total_of(name, *parts):
    return Sum(tuple((part,) for part in parts), (name,))


def names(keys):
    return {key[0] for key in keys}


def test_counts_from_one_to_below_the_limit_are_small_and_none_is_not():
    shown = [shown_count(count, False, 10) for count in (0, 9, 10)]
    assert shown == [0, 9, 10]
    hidden = [shown_count(count, True, 10) for count in (0, 1, 9, 10)]
    assert hidden == ["withheld", "<10", "<10", "withheld"]


def test_a_small_cell_that_is_in_no_sum_is_withheld_alone():
    assert names(withheld(cells_of(a=3, b=40), [], 10)) == {"a"}


def test_a_small_part_takes_the_smallest_other_part_with_it():
    cells = cells_of(tiny=6, east=110, north=160, all=276)
    assert names(withheld(cells, [total_of("all", "tiny", "east", "north")], 10)) == {
        "tiny",
        "east",
    }


def test_a_part_without_any_case_hides_nothing():
    cells = cells_of(tiny=6, empty=0, north=160, all=166)
    found = withheld(cells, [total_of("all", "tiny", "empty", "north")], 10)
    assert names(found) == {"tiny", "north"}


def test_of_a_total_with_one_part_the_total_goes_too():
    assert names(withheld(cells_of(part=4, all=4), [total_of("all", "part")], 10)) == {
        "part",
        "all",
    }


def test_of_parts_the_one_is_taken_that_needs_no_third():
    # Smaller is the held-out site, but with it its own total and the total of the others would go.
    cells = cells_of(tiny=6, east=110, north=160, seen=276, island=90, held_out=90, all=366)
    sums = [
        total_of("all", "tiny", "east", "north", "island"),
        total_of("all", "seen", "held_out"),
        total_of("seen", "tiny", "east", "north"),
        total_of("held_out", "island"),
    ]
    assert names(withheld(cells, sums, 10)) == {"tiny", "east"}


def test_two_small_parts_whose_sum_says_too_much_take_a_third():
    # 18 of two counts that are at most 9 each: both are 9.
    cells = cells_of(a=9, b=9, c=50, all=68)
    assert names(withheld(cells, [total_of("all", "a", "b", "c")], 10)) == {"a", "b", "c"}


@pytest.mark.parametrize("counts", [(9, 9), (1, 1), (3, 12), (3, 0), (5,), (4, 4, 4), (9, 30)])
def test_whether_the_small_counts_stay_open_is_as_counted_out(counts):
    values = [range(1, 10) if 0 < c < 10 else [0, *range(10, 60)] for c in counts]
    possible = [one for one in itertools.product(*values) if sum(one) == sum(counts)]
    every = all(
        {one[place] for one in possible} == set(range(1, 10))
        for place, count in enumerate(counts)
        if 0 < count < 10
    )
    assert is_open(counts, 10) == every


def test_a_cell_is_known_if_two_sums_together_give_it():
    # Rows and columns each miss two cells, and a corner ties them: b follows from all four sums.
    sums = [
        Sum((("a",), ("b",))),
        Sum((("a",), ("c",))),
        Sum((("b",), ("c",))),
    ]
    assert names(determined({("a",), ("b",), ("c",)}, sums)) == {"a", "b", "c"}
    assert determined({("a",), ("b",), ("c",)}, sums[:2]) == set()


def test_what_is_forced_is_withheld_and_protected():
    cells = cells_of(a=50, b=60, all=110)
    found = withheld(cells, [total_of("all", "a", "b")], 10, forced=[("a",)])
    assert names(found) == {"a", "b"}


def test_the_parts_of_a_cell_are_withheld_together():
    cells = {("a",): {"with": 3, "without": 80}, ("b",): {"with": 30, "without": 40}}
    assert withheld(cells, [], 10) == {("a",)}
