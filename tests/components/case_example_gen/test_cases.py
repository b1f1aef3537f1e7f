"""The rules that join rows into cases and place patients in splits."""

import dataclasses

import pytest

from components.case_example_gen.cases import (
    HELD_OUT_PATIENT,
    MOST_BYTES,
    MOST_IMAGES,
    TWO_SPLITS,
    Case,
    Conflict,
    assemble_case,
    copies_within,
    draw_split,
    split_patient,
    within_limit,
)
from components.case_example_gen.images import MAX_PIXELS
from components.case_example_gen.settings import DataSettings
from tests.manifest_rows import ROW

DATA = DataSettings(
    manifest="",
    task="multi_class",
    classes=("well", "ill"),
    shifted_sites=("valley",),
    validation_fraction=0.1,
    test_fraction=0.3,
)


def case(**changes) -> Case:
    assembled = assemble_case([dataclasses.replace(ROW, **changes)], DATA)
    assert isinstance(assembled, Case)
    return assembled


def test_rows_are_joined_in_manifest_order_and_a_blank_gives_way_to_a_value():
    rows = [
        dataclasses.replace(ROW, row=5, label="ill", sex="male"),
        dataclasses.replace(ROW, row=3, age=40.0, findings=()),
    ]
    joined = assemble_case(rows, DATA)
    assert [row.row for row in joined.rows] == [3, 5]
    assert (joined.label, joined.sex, joined.age) == ("ill", "male", 40.0)


def test_of_a_case_with_too_many_images_some_are_drawn_whatever_their_order():
    rows = [dataclasses.replace(ROW, row=number, image=f"{number}.png") for number in range(400)]
    kept, others = within_limit(case_of(rows))
    assert (len(kept.rows), len(others)) == (MOST_IMAGES, 400 - MOST_IMAGES)
    assert {row.row for row in kept.rows} | {row.row for row in others} == set(range(400))
    again, _ = within_limit(case_of(rows[::-1]))
    assert again == kept
    few = case_of(rows[:MOST_IMAGES])
    assert within_limit(few) == (few, ())


def test_a_case_has_no_more_bytes_than_a_record_can():
    """256 images of 9 MB, each fewer pixels than are allowed, would be 2.3 GB."""
    rows = [
        dataclasses.replace(ROW, row=number, image=f"{number}.png", written_bytes=9_000_000)
        for number in range(MOST_IMAGES)
    ]
    kept, others = within_limit(case_of(rows))
    fitting = MOST_BYTES // 9_000_000
    assert (len(kept.rows), len(others)) == (fitting, MOST_IMAGES - fitting)
    assert [row.row for row in kept.rows] == sorted(row.row for row in kept.rows)
    again, _ = within_limit(case_of(rows[::-1]))
    assert again == kept


def test_the_larger_of_two_limits_does_not_matter():
    rows = [dataclasses.replace(ROW, row=n, image=f"{n}.png", written_bytes=10) for n in range(9)]
    case = case_of(rows)
    assert len(within_limit(case, most_images=4, most_bytes=90)[0].rows) == 4
    assert len(within_limit(case, most_images=9, most_bytes=59)[0].rows) == 5
    assert within_limit(case, most_images=9, most_bytes=90) == (case, ())


def test_any_image_that_is_not_too_large_fits_into_a_case_and_any_case_into_a_record():
    assert 3 * MAX_PIXELS < MOST_BYTES < 2**31


def case_of(rows) -> Case:
    assembled = assemble_case(rows, DATA)
    assert isinstance(assembled, Case)
    return assembled


def test_a_copy_adds_its_label_and_no_image():
    first = dataclasses.replace(ROW, label=None, digest=b"image")
    copy = dataclasses.replace(ROW, row=3, label="ill", digest=b"image")
    joined = case_of([copy, first])
    assert (joined.label, joined.rows) == ("ill", (first,))
    assert copies_within([copy, first]) == [(copy, first)]


def test_findings_are_joined_one_by_one():
    rows = [
        dataclasses.replace(ROW, findings=(1.0, None, None)),
        dataclasses.replace(ROW, row=3, findings=(None, 0.0, None)),
    ]
    data = dataclasses.replace(DATA, task="multi_label", classes=("x", "y", "z"))
    assert assemble_case(rows, data).findings == (1.0, 0.0, None)


def test_case_features_are_joined_one_by_one_and_contradict_each_other_too():
    data = dataclasses.replace(DATA, case_features=("scanner", "skin_type"))
    first = dataclasses.replace(ROW, case_features=("GE", "unknown"))
    second = dataclasses.replace(ROW, row=3, case_features=("unknown", "IV"))
    joined = assemble_case([first, second], data)
    assert joined.case_features == (("scanner", "GE"), ("skin_type", "IV"))
    third = dataclasses.replace(ROW, row=4, case_features=("Philips", "IV"))
    assert assemble_case([first, second, third], data).column == "scanner"


def test_contradictions_are_named():
    def conflict(data=DATA, **changes):
        return assemble_case([ROW_WITH_ALL, dataclasses.replace(ROW_WITH_ALL, **changes)], data)

    ROW_WITH_ALL = dataclasses.replace(ROW, label="ill", findings=(1.0,))  # noqa: N806
    assert conflict(label="well") == Conflict(
        (ROW_WITH_ALL, dataclasses.replace(ROW_WITH_ALL, label="well")),
        "label",
        "one case with two values; make its rows agree",
    )
    assert conflict(site="south").column == "site"
    nodules = dataclasses.replace(DATA, task="multi_label", classes=("nodule",))
    assert conflict(nodules, findings=(0.0,)).column == "nodule"
    assert conflict(patient_id="p2").column == "patient_id"


CELLS = {"patient_id": "p-4711", "site": "south MRN-4711", "sex": "male", "age": 47.0}
CELLS |= {"split": "test", "label": "well", "findings": (0.0,), "case_features": ("MRN-4711",)}


@pytest.mark.parametrize("column", CELLS)
def test_a_contradiction_quotes_no_cell(column):
    data = dataclasses.replace(
        DATA, task="multi_label", classes=("nodule",), case_features=("scanner",)
    )
    first = dataclasses.replace(
        ROW, sex="female", age=50.0, split="train", label="ill", findings=(1.0,)
    )
    first = dataclasses.replace(first, case_features=("GE",))
    found = assemble_case([first, dataclasses.replace(first, **{column: CELLS[column]})], data)
    assert found.column == {"findings": "nodule", "case_features": "scanner"}.get(column, column)
    cells = (getattr(first, column), CELLS[column])
    values = [str(cell[0] if isinstance(cell, tuple) else cell) for cell in cells]
    assert not [value for value in values if f"'{value}'" in found.message]
    assert "4711" not in found.message


def test_a_drawn_split_depends_on_nothing_but_the_patient_and_the_seed():
    patients = [f"patient-{number}" for number in range(4000)]
    drawn = [draw_split(patient, DATA) for patient in patients]
    assert drawn == [draw_split(patient, DATA) for patient in patients]
    shares = {name: drawn.count(name) / len(drawn) for name in set(drawn)}
    assert abs(shares["validation"] - 0.1) < 0.02
    assert abs(shares["test"] - 0.3) < 0.03
    other = [draw_split(p, dataclasses.replace(DATA, split_seed=1)) for p in patients]
    assert other != drawn


def test_all_cases_of_a_patient_share_a_split():
    split = split_patient([case(case_id="c1"), case(case_id="c2", site="south")], DATA)
    assert len({name for name, _ in split.placed}) == 1
    assert not split.left_out


def test_a_given_split_wins_for_the_whole_patient():
    split = split_patient([case(case_id="c1"), case(case_id="c2", split="test")], DATA)
    assert [name for name, _ in split.placed] == ["test", "test"]


def test_two_given_splits_of_one_patient_leave_all_its_cases_out():
    split = split_patient([case(split="train"), case(case_id="c2", split="test")], DATA)
    assert not split.placed
    assert [reason for _, reason in split.left_out] == [TWO_SPLITS, TWO_SPLITS]


def test_a_held_out_site_wins_over_everything():
    split = split_patient([case(site="valley", split="train"), case(case_id="c2")], DATA)
    assert [(name, c.site) for name, c in split.placed] == [("shifted", "valley")]
    assert [(c.case_id, reason) for c, reason in split.left_out] == [("c2", HELD_OUT_PATIENT)]
