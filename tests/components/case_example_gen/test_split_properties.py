"""What holds of the splits of any patients: none is torn apart, and growth moves nobody."""

import dataclasses

from hypothesis import given
from hypothesis import strategies as st

from components.case_example_gen.cases import Case, assemble_case, draw_split, split_patient
from components.case_example_gen.manifest import ManifestRow
from components.case_example_gen.settings import DataSettings

SITES = ("north", "south", "valley")
DATA = DataSettings(
    manifest="",
    task="multi_class",
    classes=("well", "ill"),
    shifted_sites=("valley",),
    validation_fraction=0.2,
    test_fraction=0.3,
)
IDENTIFIERS = st.text(min_size=1, max_size=12)


@st.composite
def patients(draw: st.DrawFn) -> list[Case]:
    """Draws the cases of one patient."""
    patient = draw(IDENTIFIERS)
    kinds = st.tuples(st.sampled_from(SITES), st.sampled_from([None, "train", "test"]))
    return [
        case_of(f"{patient}/{number}", patient, site, split)
        for number, (site, split) in enumerate(draw(st.lists(kinds, min_size=1, max_size=6)))
    ]


def case_of(case_id: str, patient_id: str, site: str, split: str | None) -> Case:
    row = ManifestRow(2, "a.png", case_id, patient_id, site, "PA", "unknown", None, split, None, ())
    case = assemble_case([row], DATA)
    assert isinstance(case, Case)
    return case


@given(patients())
def test_no_patient_is_in_two_splits_and_no_case_is_lost(cases):
    split = split_patient(cases, DATA)
    assert len({name for name, _ in split.placed}) <= 1
    kept = [case for _, case in split.placed] + [case for case, _ in split.left_out]
    assert sorted(case.case_id for case in kept) == sorted(case.case_id for case in cases)


@given(patients())
def test_a_held_out_site_is_in_its_own_split_and_nowhere_else(cases):
    for name, case in split_patient(cases, DATA).placed:
        assert (name == "shifted") == (case.site in DATA.shifted_sites)


@given(patients(), st.data())
def test_the_order_of_a_patients_cases_changes_nothing(cases, data):
    shuffled = data.draw(st.permutations(cases))
    placed = {case.case_id: name for name, case in split_patient(cases, DATA).placed}
    assert {c.case_id: name for name, c in split_patient(shuffled, DATA).placed} == placed


@given(IDENTIFIERS, st.integers(1, 5))
def test_further_cases_move_no_patient(patient, number):
    cases = [case_of(f"{patient}/{n}", patient, "north", None) for n in range(number + 1)]
    before = {name for name, _ in split_patient(cases[:1], DATA).placed}
    assert {name for name, _ in split_patient(cases, DATA).placed} == before


@given(IDENTIFIERS, st.floats(0, 0.5))
def test_a_larger_test_split_takes_patients_from_training_only(patient, more):
    larger = dataclasses.replace(DATA, test_fraction=min(DATA.test_fraction + more, 0.79))
    before, after = draw_split(patient, DATA), draw_split(patient, larger)
    assert after == before or (before, after) == ("train", "test")


@given(IDENTIFIERS, IDENTIFIERS)
def test_a_split_is_drawn_from_the_patient_alone(patient, other):
    draw_split(other, DATA)
    assert draw_split(patient, DATA) == draw_split(patient, dataclasses.replace(DATA, manifest="b"))
