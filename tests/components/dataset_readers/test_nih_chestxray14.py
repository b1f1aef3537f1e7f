"""ChestX-ray14 in miniature: both published tables, its odd header, its lists, its folders."""

import pytest

from components.dataset_readers.nih_chestxray14 import NihChestXray14Reader
from components.dataset_readers.reader import ReaderChoices
from trainer.errors import UserError

# The commas within the brackets are not quoted; the table of 2017 ends its lines with a comma.
HEADER_2017 = (
    "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,"
    "OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y],\n"
)
TABLE_2017 = HEADER_2017 + (
    "00000001_000.png,Cardiomegaly|Effusion,0,1,058Y,M,PA,2682,2749,0.143,0.143,\n"
    "00000001_001.png,No Finding,1,1,059Y,M,AP,2894,2729,0.143,0.143,\n"
    "00000002_000.png,Pleural_Thickening|Mass,0,2,414Y,F,PA,2500,2048,0.168,0.168,\n"
)
TABLE_2020 = (
    "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,"
    "OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y]\n"
    "00000001_000.png,No Finding,0,1,57,M,PA,2682,2749,0.143,0.143\n"
)
IMAGES = ("00000001_000.png", "00000001_001.png", "00000002_000.png")


@pytest.fixture
def source(image_files):
    folder = image_files(f"images/{image}" for image in IMAGES)
    (folder / "Data_Entry_2017.csv").write_text(TABLE_2017)
    (folder / "train_val_list.txt").write_text("00000001_000.png\n00000001_001.png\n")
    (folder / "test_list.txt").write_text("00000002_000.png")
    return folder


def read(source, **choices):
    return list(NihChestXray14Reader().rows(source, ReaderChoices(**choices)))


def present(row):
    names = zip(NihChestXray14Reader.findings, row.findings, strict=True)
    return {name for name, value in names if value == "1"}


def test_the_findings_bear_the_names_that_chexpert_uses(source):
    rows = read(source)
    assert [present(row) for row in rows] == [
        {"Cardiomegaly", "Pleural Effusion"},
        {"No Finding"},
        {"Pleural Thickening", "Mass"},
    ]
    assert all(set(row.findings) <= {"0", "1"} for row in rows)


def test_an_image_is_a_case_and_its_follow_up_the_visit(source):
    rows = read(source)
    assert [row.case_id for row in rows] == ["00000001_000", "00000001_001", "00000002_000"]
    assert [row.patient_id for row in rows] == ["1", "1", "2"]
    assert [row.visit for row in rows] == ["0", "1", "0"]
    assert [row.view for row in rows] == ["PA", "AP", "PA"]
    assert [row.sex for row in rows] == ["male", "male", "female"]


def test_ages_lose_their_unit_and_impossible_ones_are_blank(source):
    assert [row.age for row in read(source)] == ["58", "59", ""]


def test_the_table_of_2020_is_preferred(source):
    (source / "Data_Entry_2017_v2020.csv").write_text(TABLE_2020)
    (row,) = read(source)
    assert (row.age, present(row)) == ("57", {"No Finding"})


def test_the_official_test_list_gives_the_split_when_asked_for(source):
    assert [row.split for row in read(source, official_split=True)] == ["", "", "test"]
    assert [row.split for row in read(source)] == ["", "", ""]


def test_the_official_split_needs_its_list(source):
    (source / "test_list.txt").unlink()
    with pytest.raises(UserError, match=r"holds no test_list.txt"):
        read(source, official_split=True)


def test_images_are_found_in_the_twelve_folders_of_the_copies(source, image_files):
    (source / "images" / "00000002_000.png").unlink()
    image_files(["images_012/images/00000002_000.png"])
    assert read(source)[2].image == source / "images_012/images/00000002_000.png"


def test_a_missing_image_keeps_its_row_for_ingestion_to_report(source):
    (source / "images" / "00000002_000.png").unlink()
    assert read(source)[2].image == source / "images/00000002_000.png"


def test_a_finding_outside_the_set_is_named(source):
    (source / "Data_Entry_2017.csv").write_text(TABLE_2017.replace("Effusion", "Efusion"))
    with pytest.raises(UserError, match="'Efusion' is no finding of ChestX-ray14"):
        read(source)
