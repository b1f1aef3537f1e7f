"""How many rounds `auto` makes, and the turns of a patient's cases."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.pair_builder.rounds import (
    MAX_AUTO_ROUNDS,
    PatientTally,
    rounds_needed,
    turns_of_patient,
)
from components.pair_builder.settings import PairSettings


@pytest.mark.parametrize(
    ("settings", "needed"),
    [
        (PairSettings(), 2),
        (PairSettings(pair_rule="different_view"), 4),
        (PairSettings(pair_scope="patient"), 3),
        (PairSettings(max_pairs_per_patient=1), 4),
        (PairSettings(max_pairs_per_patient=2), 2),
    ],
)
def test_rounds_of_a_patient_with_a_case_of_four_images_and_one_of_two(settings, needed):
    assert rounds_needed(PatientTally(2, 6, 4), settings) == needed


def test_auto_is_bounded_and_never_none():
    assert rounds_needed(PatientTally(1, 5000, 5000), PairSettings()) == MAX_AUTO_ROUNDS
    assert rounds_needed(PatientTally(1, 1, 1), PairSettings()) == 1


@given(st.integers(1, 12), st.integers(1, 6), st.integers(0, 3))
def test_no_round_has_more_cases_of_a_patient_than_the_cap_and_all_take_part_alike(
    cases, cap, seed
):
    turns = list(turns_of_patient([f"c{n}" for n in range(cases)], cap, seed))
    if cases <= cap:
        assert not turns
        return
    rounds = [
        [case for case, turn in turns if turn.takes_part(number, cap)] for number in range(cases)
    ]
    assert {len(chosen) for chosen in rounds} == {cap}
    assert Counter(case for chosen in rounds for case in chosen) == {
        f"c{n}": cap for n in range(cases)
    }


@given(st.permutations([f"c{n}" for n in range(6)]))
def test_turns_do_not_depend_on_the_order_of_the_cases(case_ids):
    assert dict(turns_of_patient(case_ids, 2, 0)) == dict(turns_of_patient(sorted(case_ids), 2, 0))
