"""What a manifest may look like, and what is said about rows that cannot be used."""

import dataclasses
import io

import pytest

from components.case_example_gen.external_set import ExternalSet
from components.case_example_gen.manifest import ManifestRow, RowProblem, read_manifest
from components.case_example_gen.settings import DataSettings
from trainer.errors import UserError

MULTI_CLASS = DataSettings(manifest="", task="multi_class", classes=("well", "ill"))
MULTI_LABEL = DataSettings(manifest="", task="multi_label", classes=("opacity", "nodule"))
HEADER = "image,case_id,patient_id,site,view,sex,age,split,label\n"


def read(text: str, data: DataSettings = MULTI_CLASS) -> list[ManifestRow | RowProblem]:
    return list(read_manifest(io.StringIO(text, newline=""), "m.csv", data))


def test_a_row_gives_all_its_columns():
    (row,) = read(HEADER + "a.png,c1,p1,north,PA,F,61,test,ill\n")
    assert row == ManifestRow(
        row=2,
        image="a.png",
        case_id="c1",
        patient_id="p1",
        site="north",
        view="PA",
        sex="female",
        age=61.0,
        split="test",
        label="ill",
        findings=(),
    )


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_semicolons_tabs_and_a_byte_order_mark_are_understood(delimiter, start):
    text = HEADER + "a.png,c1,p1,north,PA,F,61,,ill\n"
    (row,) = read(start + text.replace(",", delimiter))
    assert (row.image, row.site, row.label) == ("a.png", "north", "ill")


def test_optional_columns_may_be_missing_and_blank_means_unknown():
    (row,) = read("image,case_id,patient_id,site,label\na.png,c1,p1,north,\n")
    assert (row.view, row.sex, row.age, row.split, row.label) == ("unknown",) * 2 + (None,) * 3
    assert row.text_in_pixels is None
    assert not row.labelled


def test_a_visit_is_a_whole_number_and_a_date_does_not_come_in():
    header = "image,case_id,patient_id,site,label,visit\n"
    rows = read(header + "a.png,c,p,n,,007\nb.png,c,p,n,,\nc.png,c,p,n,,2019-03-02\n")
    assert [row.visit for row in rows[:2]] == ["7", "unknown"]
    assert isinstance(rows[2], RowProblem)
    assert rows[2].column == "visit"
    assert "2019" not in rows[2].message


@pytest.mark.parametrize(
    ("cell", "meaning"), [("yes", True), ("Yes", True), ("NO", False), ("", None)]
)
def test_whether_the_pixels_hold_text_is_stated_or_blank(cell, meaning):
    header = "image,case_id,patient_id,site,label,text_in_pixels\n"
    (row,) = read(f"{header}a.png,c1,p1,north,ill,{cell}\n")
    assert row.text_in_pixels is meaning


def test_what_says_neither_yes_nor_no_of_text_in_the_pixels_is_not_quoted():
    header = "image,case_id,patient_id,site,label,text_in_pixels\n"
    (problem,) = read(f"{header}a.png,c1,p1,north,ill,PAT-77\n")
    assert problem == RowProblem(2, "text_in_pixels", "neither yes, no nor blank (not stated)")


def test_case_features_are_columns_that_the_settings_name():
    data = dataclasses.replace(MULTI_CLASS, case_features=("scanner", "skin_type"))
    header = "image,case_id,patient_id,site,label,skin_type,scanner\n"
    (row, blank) = read(header + "a.png,c1,p1,n,ill,IV,GE\nb.png,c2,p2,n,ill,,GE\n", data)
    assert row.case_features == ("GE", "IV")
    assert blank.case_features == ("GE", "unknown")
    with pytest.raises(UserError, match=r"m\.csv: column missing: skin_type\."):
        read("image,case_id,patient_id,site,label,scanner\n", data)


@pytest.mark.parametrize("name", ["site", "text_in_pixels", "Scanner", "ill", "score", "a b"])
def test_a_case_feature_with_the_name_of_something_else_is_refused(name):
    with pytest.raises(ValueError, match="case_features must be columns in lower-case"):
        dataclasses.replace(MULTI_CLASS, case_features=(name,))


NIH = ExternalSet("nih", "n.csv", {"nodule": "Nodule"})


def test_an_external_collection_speaks_its_own_words():
    text = "image,case_id,patient_id,site,Nodule,Mass\na.png,7,3,ward 4,1,1\n"
    (row,) = read_manifest(io.StringIO(text), "n.csv", MULTI_LABEL, NIH)
    assert (row.case_id, row.patient_id, row.site) == ("nih/7", "nih/3", "nih")
    # It has no word for opacity.
    assert row.findings == (None, 1.0)
    assert row.order > ("", 10**6)


def test_of_an_external_collection_only_the_classes_it_shares_are_labels():
    skin = ExternalSet("pad", "p.csv", {"ill": "MEL"}, label_column="diagnostic")
    text = "image,case_id,patient_id,site,diagnostic\na.png,1,1,x,MEL\nb.png,2,2,x,SCC\n"
    rows = list(read_manifest(io.StringIO(text), "p.csv", MULTI_CLASS, skin))
    assert [row.label for row in rows] == ["ill", None]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"shifted_sites": ("nih",)}, "must differ from each other"),
        ({"classes": ("opacity", "mass")}, "external nih: labels names nodule, which is not among"),
    ],
)
def test_an_external_collection_that_does_not_fit_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(MULTI_LABEL, external=(NIH,), **change)


def test_findings_are_present_absent_or_unknown():
    text = "image,case_id,patient_id,site,nodule,opacity\na.png,c1,p1,north,1,\n"
    (row,) = read(text, MULTI_LABEL)
    assert row.findings == (None, 1.0)


def test_row_numbers_are_those_of_a_spreadsheet_blank_lines_included():
    rows = read(HEADER + "a.png,c1,p1,n,,,,,ill\n\nb.png,c2,p2,n,,,,,ill\n")
    assert [row.row for row in rows] == [2, 4]


@pytest.mark.parametrize(
    ("cells", "column", "message"),
    [
        (",c1,p1,north,PA,F,61,,ill", "image", "blank"),
        ("a.png,c1,,north,PA,F,61,,ill", "patient_id", "blank"),
        ("a.png,c1,p1,north,PA,F,61,,sick", "label", "not one of well, ill"),
        ("a.png,c1,p1,north,PA,x,61,,ill", "sex", "not one of female, male, other, unknown"),
        ("a.png,c1,p1,north,PA,F,old,,ill", "age", "no age in years"),
        ("a.png,c1,p1,north,PA,F,-3,,ill", "age", "no age in years"),
        ("a.png,c1,p1,north,PA,F,61,dev,ill", "split", "not one of train, validation, test"),
        ("a.png,c1,p1,north", "", "4 cells where the header has 9"),
    ],
)
def test_a_row_that_cannot_be_used_names_its_column(cells, column, message):
    (problem,) = read(HEADER + cells + "\n")
    assert isinstance(problem, RowProblem)
    assert (problem.row, problem.column) == (2, column)
    assert message in problem.message


@pytest.mark.parametrize(
    "cells",
    [
        "a.png,c1,p1,north,PA,PAT-77,61,,ill",
        "a.png,c1,p1,north,PA,F,PAT-77,,ill",
        "a.png,c1,p1,north,PA,F,61,PAT-77,ill",
        "a.png,c1,p1,north,PA,F,61,,PAT-77",
        "a.png,c1,p1,PAT-77,PA,F,61,,sick",
    ],
)
def test_a_problem_quotes_no_cell_since_an_identifier_may_stand_in_any(cells):
    (problem,) = read(HEADER + cells + "\n")
    assert isinstance(problem, RowProblem)
    assert "PAT-77" not in repr(problem)


@pytest.mark.parametrize("visit", ["20240131", "50001", "2024-01-31", "-3", "1.5"])
def test_a_date_is_no_visit(visit):
    header = "image,case_id,patient_id,site,label,visit\n"
    (problem,) = read(f"{header}a.png,c1,p1,north,ill,{visit}\n")
    assert (problem.column, problem.message[:24]) == ("visit", "no whole number up to 50")
    (row,) = read(f"{header}a.png,c1,p1,north,ill,50000\n")
    assert row.visit == "50000"


SOUND = "a.png,c1,p1,north,,,,,ill\n"


@pytest.mark.parametrize(
    "broken",
    [
        f'b.png,c2,p2,"north,,,,,ill\n{SOUND}{SOUND}c.png,c3,p3,n"orth,,,,,ill\n',
        f'b.png,c2,"p2,north,,,,,ill\n{SOUND}{SOUND}c.png,c3,p3",north,,,,,ill\n',
        f'b.png,c2,p2,north,,,,,"ill\n{SOUND}{SOUND}',
    ],
)
def test_a_quotation_mark_that_swallows_rows_stops(broken):
    expected = r"m.csv, row 3: (a quoted cell goes on over 4 lines|cannot be read .* quotation)"
    with pytest.raises(UserError, match=expected):
        read(HEADER + SOUND + broken)


def test_a_quotation_mark_that_swallows_rows_into_a_sound_looking_one_stops():
    header = "image,case_id,patient_id,site,label,note\n"
    sound = "b.png,c2,p2,north,ill,\n"
    swallowing = f'a.png,c1,p1,north,ill,"irregular\n{sound}{sound}d.png,c4,p4,north,ill,says "\n'
    with pytest.raises(UserError, match=r"m.csv, row 2: a quoted cell goes on over 4 lines"):
        read(header + swallowing + sound)


def test_a_note_of_several_lines_with_commas_is_fine():
    header = "image,case_id,patient_id,site,label,note,reader\n"
    note = "small, round, red, raised, old, known\nseen again, twice\nby another, later"
    (row,) = read(f'{header}a.png,c1,p1,north,ill,"{note}",me\n')
    assert row.label == "ill"


def test_a_note_of_several_lines_in_a_column_that_is_not_read_is_fine():
    header = "image,case_id,patient_id,site,label,note\n"
    (row,) = read(f'{header}a.png,c1,p1,north,ill,"seen\ntwice"\n')
    assert row.label == "ill"


@pytest.mark.parametrize("cell", ["x" * 140_000, "\0"])
def test_what_the_csv_reader_refuses_is_a_line_with_the_row(cell):
    with pytest.raises(UserError, match=r"m.csv, row 3: cannot be read"):
        read(f"{HEADER}{SOUND}a.png,c1,{cell},north,,,,,ill\n")


def test_a_finding_that_is_no_number_names_its_column():
    text = "image,case_id,patient_id,site,opacity,nodule\na.png,c1,p1,north,0,maybe\n"
    (problem,) = read(text, MULTI_LABEL)
    assert problem.column == "nodule"
    assert problem.message == "neither 1 (present), 0 (absent) nor blank (unknown)"


def test_a_missing_column_stops_with_the_columns_there_are():
    with pytest.raises(UserError, match=r"columns missing: patient_id, site.*image, case_id"):
        read("image,case_id,label\na.png,c1,ill\n")


def test_an_empty_file_and_a_repeated_column_stop():
    with pytest.raises(UserError, match="the file is empty"):
        read("")
    with pytest.raises(UserError, match="column 'site' appears twice"):
        read("image,case_id,patient_id,site,site,label\n")


def test_bytes_that_are_no_text_stop():
    binary = io.BytesIO(HEADER.encode() + b"a.png,c1,p\xff1,north,,,,,ill\n")
    lines = io.TextIOWrapper(binary, encoding="utf-8", newline="")
    with pytest.raises(UserError, match=r"m.csv: not UTF-8 text"):
        list(read_manifest(lines, "m.csv", MULTI_CLASS))
