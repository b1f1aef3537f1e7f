"""Which images make a pair: the paper's rule, even use, and determinism."""

from collections import Counter

import pytest

from components.pair_builder.pairing import pairs_by_round
from components.pair_builder.settings import PairSettings


def pairs(views, rule="any", rounds=6, seed=0, group="case"):
    return list(pairs_by_round(views, rule, rounds, seed, group))


@pytest.mark.parametrize("images", [2, 3, 5, 6])
def test_the_two_images_of_a_pair_are_different(images):
    assert all(first != second for first, second in pairs(["PA"] * images))


def test_a_case_with_one_image_falls_back_to_that_image_twice():
    assert pairs(["PA"], rounds=3) == [(0, 0)] * 3


@pytest.mark.parametrize("images", [2, 3, 4, 5, 7])
def test_every_image_is_used_as_often_as_any_other_give_or_take_one(images):
    for rounds in (images, 2 * images + 1):
        used = Counter(index for pair in pairs(["PA"] * images, rounds=rounds) for index in pair)
        counts = [used[index] for index in range(images)]
        assert max(counts) - min(counts) <= 1


def test_different_view_pairs_differ_in_view_and_same_view_pairs_do_not():
    views = ["PA", "PA", "lateral", "PA"]
    assert all(views[a] != views[b] for a, b in pairs(views, "different_view", rounds=20))
    same = pairs(views, "same_view", rounds=20)
    assert all(views[a] == views[b] and a != b for a, b in same)
    # The only lateral image has no partner of its view, so it is in no pair.
    assert 2 not in {index for pair in same for index in pair}


def test_a_case_that_the_rule_leaves_without_a_pair_falls_back_to_single_images():
    drawn = pairs(["PA", "PA", "PA"], "different_view", rounds=6)
    assert all(first == second for first, second in drawn)
    assert Counter(first for first, _ in drawn) == {0: 2, 1: 2, 2: 2}


def test_the_draw_depends_on_seed_and_case_and_on_nothing_else():
    views = ["PA"] * 6
    assert pairs(views) == pairs(views)
    assert pairs(views) != pairs(views, seed=1)
    assert pairs(views) != pairs(views, group="another")
    assert pairs(views, rounds=3) == pairs(views, rounds=6)[:3]


def test_settings_refuse_no_rounds():
    with pytest.raises(ValueError, match="rounds must be at least 1"):
        PairSettings(rounds=0)
