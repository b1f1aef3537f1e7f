"""Two collections in one manifest."""

import csv

import pytest

from components.case_example_gen.pseudonym import pseudonym
from components.dataset_readers.manifest_join import join_manifests
from trainer.errors import UserError


@pytest.fixture
def manifests(tmp_path):
    first, second = tmp_path / "a" / "first.csv", tmp_path / "b" / "second.csv"
    for path in (first, second):
        path.parent.mkdir()
    first.write_text("image,case_id,patient_id,site,Edema,Fracture\nx/1.jpg,1,1,chexpert,1,0\n")
    # Semicolons and a byte order mark, as a spreadsheet writes them.
    second.write_text(
        "\ufeffimage;case_id;patient_id;site;view;Edema\n/far/2.jpg;2;2;nih;PA;0\n", "utf-8"
    )
    return first, second


def test_rows_follow_each_other_and_what_one_lacks_is_blank(manifests, tmp_path):
    output = tmp_path / "joined.csv"
    assert join_manifests(manifests, output) == 2
    with output.open(newline="") as file:
        first, second = csv.DictReader(file)
    assert list(first) == ["image", "case_id", "patient_id", "site", "Edema", "Fracture", "view"]
    assert (first["site"], first["Edema"], first["Fracture"], first["view"]) == (
        "chexpert",
        "1",
        "0",
        "",
    )
    assert (second["site"], second["Edema"], second["Fracture"]) == ("nih", "0", "")


def test_images_are_found_from_the_new_place(manifests, tmp_path):
    join_manifests(manifests, tmp_path / "joined.csv")
    with (tmp_path / "joined.csv").open(newline="") as file:
        assert [row["image"] for row in csv.DictReader(file)] == ["a/x/1.jpg", "/far/2.jpg"]
    join_manifests(manifests, tmp_path / "c" / "joined.csv")
    with (tmp_path / "c" / "joined.csv").open(newline="") as file:
        assert next(csv.DictReader(file))["image"] == str(tmp_path / "a/x/1.jpg")


@pytest.mark.parametrize(("row", "cells"), [("3.jpg;3;3;nih", 4), ("3.jpg;3;3;nih;PA;0;1", 7)])
def test_a_row_of_too_few_or_too_many_cells_is_named(manifests, tmp_path, row, cells):
    with manifests[1].open("a") as file:
        file.write(row + "\n")
    with pytest.raises(UserError, match=rf"second.csv, row 3: {cells} cells .* header has 6"):
        join_manifests(manifests, tmp_path / "joined.csv")
    assert not (tmp_path / "joined.csv").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [("image,case_id,site\n", "column patient_id is missing"), (None, "cannot be read")],
)
def test_what_is_no_manifest_is_named_and_nothing_is_written(manifests, tmp_path, text, message):
    bad = tmp_path / "bad.csv"
    if text:
        bad.write_text(text)
    with pytest.raises(UserError, match=message):
        join_manifests([*manifests, bad], tmp_path / "joined.csv")
    assert not (tmp_path / "joined.csv").exists()


def test_with_a_key_patients_and_cases_become_pseudonyms_and_labels_stay(manifests, tmp_path):
    key = b"a secret of the hospital"
    join_manifests(manifests, tmp_path / "joined.csv", key)
    join_manifests(manifests, tmp_path / "open.csv")
    with (
        (tmp_path / "joined.csv").open(newline="") as hashed,
        (tmp_path / "open.csv").open() as raw,
    ):
        for ours, theirs in zip(csv.DictReader(hashed), csv.DictReader(raw), strict=True):
            changed = {
                "patient_id": pseudonym(key, "patient", theirs["patient_id"]),
                "case_id": pseudonym(key, "case", theirs["case_id"]),
            }
            assert ours == theirs | changed
