"""Which images make a pair: the paper's rule, even use, and determinism."""

from collections import Counter
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.pair_builder.pairing import ImageTraits, has_pair, pairs_by_round
from components.pair_builder.settings import PairRule, PairSettings
from schemas.case_features import UNKNOWN

TRAITS = st.sampled_from(("1", "2", UNKNOWN))


def pairs(views, rule="any", rounds=6, seed=0, group="case"):
    return list(pairs_by_round([ImageTraits(view) for view in views], rule, rounds, seed, group))


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


@given(st.lists(st.tuples(TRAITS, TRAITS), min_size=1, max_size=4))
def test_a_group_has_a_pair_where_one_would_be_drawn(images):
    traits = [ImageTraits(view, visit) for view, visit in images]
    for rule in get_args(PairRule):
        [(first, second)] = pairs_by_round(traits, rule, 1, 0, "case")
        assert has_pair(traits, rule) == (first != second)


@given(st.integers(1, 20), st.integers(0, 2**32))
def test_the_pairs_of_half_as_many_rounds_as_images_are_disjoint(half, seed):
    drawn = pairs(["PA"] * 2 * half, rounds=half, seed=seed)
    assert sorted(index for pair in drawn for index in pair) == list(range(2 * half))


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


def may_pair(first: ImageTraits, second: ImageTraits, rule: str) -> bool:
    """The rules as one would say them."""
    if rule in ("different_view", "same_view"):
        known = "unknown" not in (first.view, second.view)
        return known and (first.view == second.view) == (rule == "same_view")
    if rule == "different_visit":
        return first.visit != second.visit and "unknown" not in (first.visit, second.visit)
    return True


RULES = st.sampled_from(["any", "different_view", "same_view", "different_visit"])
VIEWS, VISITS = ["PA", "AP", "unknown"], ["0", "7", "unknown"]
GROUPS = st.lists(
    st.builds(ImageTraits, st.sampled_from(VIEWS), st.sampled_from(VISITS)),
    min_size=1,
    max_size=9,
)


@given(GROUPS, RULES, st.integers(0, 5), st.integers(0, 20))
def test_a_pair_follows_the_rule_and_is_single_only_where_no_pair_is_allowed(
    images, rule, seed, rounds
):
    drawn = list(pairs_by_round(images, rule, rounds, seed, "case"))
    assert len(drawn) == rounds
    allowed = {
        (a, b)
        for a in range(len(images))
        for b in range(len(images))
        if a != b and may_pair(images[a], images[b], rule)
    }
    if allowed:
        assert set(drawn) <= allowed
    else:
        assert all(first == second for first, second in drawn)


@given(GROUPS, RULES, st.integers(0, 5))
def test_as_many_rounds_as_images_use_every_image_that_has_a_partner(images, rule, seed):
    used = {i for pair in pairs_by_round(images, rule, len(images), seed, "case") for i in pair}
    partnered = {
        a
        for a in range(len(images))
        if any(a != b and may_pair(images[a], images[b], rule) for b in range(len(images)))
    }
    assert used == (partnered or set(range(len(images))))


@given(st.integers(2, 12), st.integers(0, 5))
def test_half_as_many_rounds_as_images_use_every_image_where_any_two_may_pair(images, seed):
    drawn = pairs_by_round([ImageTraits("PA")] * images, "any", (images + 1) // 2, seed, "case")
    assert len({index for pair in drawn for index in pair}) == images


def test_a_patient_of_five_thousand_images_is_paired_in_seconds():
    assert len(pairs(["PA", "lateral"] * 2500, "different_view", rounds=8)) == 8


def test_settings_refuse_no_rounds():
    with pytest.raises(ValueError, match="rounds must be at least 1"):
        PairSettings(rounds=0)


def test_a_cap_per_patient_is_refused_where_a_patient_has_one_pair_anyway():
    with pytest.raises(ValueError, match="is for pair_scope case"):
        PairSettings(pair_scope="patient", max_pairs_per_patient=1)
    with pytest.raises(ValueError, match="at least 1"):
        PairSettings(max_pairs_per_patient=0)
