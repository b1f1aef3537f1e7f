"""PadChest in miniature: the published table with its lists as text, and numbered folders."""

import csv

import pytest

from components.dataset_readers.padchest import PadchestReader
from components.dataset_readers.reader import ReaderChoices
from trainer.errors import UserError

HEADER_LINE = (
    ",ImageID,ImageDir,StudyDate_DICOM,StudyID,PatientID,PatientBirth,PatientSex_DICOM,"
    "ViewPosition_DICOM,Projection,MethodProjection,Pediatric,Report,MethodLabel,Labels,"
    "Localizations,LabelsLocalizationsBySentence,labelCUIS,LocalizationsCUIS"
)
HEADER = HEADER_LINE.split(",")
FIELDS = ("ImageID", "ImageDir", "StudyDate_DICOM", "StudyID", "PatientID", "PatientBirth",
          "PatientSex_DICOM", "Projection", "Labels")  # fmt: skip
ROWS = (
    ("a.png", "0", "20140915", "s1", "p1", "1930.0", "M", "PA",
     "['pulmonary edema', ' laminar atelectasis', 'hydropneumothorax', 'kyphosis']"),
    ("b.png", "0", "20140915", "s1", "p1", "1930.0", "M", "L",
     "['pulmonary edema', ' laminar atelectasis', 'hydropneumothorax', 'kyphosis']"),
    ("c.png", "54", "20150101", "s2", "p1", "1930.0", "M", "AP_horizontal", "['normal']"),
    ("d.png", "13", "20150101", "s3", "p2", "", "F", "EXCLUDE", "['unchanged', '']"),
    ("e.png", "13", "20150101", "s4", "p3", "1990", "O", "PA", "nan"),
)  # fmt: skip


@pytest.fixture
def source(image_files):
    folder = image_files(f"{row[1]}/{row[0]}" for row in ROWS)
    name = "PADCHEST_chest_x_ray_images_labels_160K_01.02.19.csv"
    with (folder / name).open("w", newline="") as file:
        writer = csv.DictWriter(file, HEADER, restval="")
        writer.writeheader()
        for number, row in enumerate(ROWS):
            writer.writerow({"": number, **dict(zip(FIELDS, row, strict=True))})
    return folder


def read(source):
    return list(PadchestReader().rows(source, ReaderChoices()))


def present(row):
    names = zip(PadchestReader.findings, row.findings, strict=True)
    return {name for name, value in names if value == "1"}


def test_labels_make_up_findings_by_the_tree_of_the_paper(source):
    rows = read(source)
    assert present(rows[0]) == {"Edema", "Atelectasis", "Pneumothorax", "Pleural Effusion"}
    assert present(rows[2]) == {"No Finding"}
    assert rows[2].findings.count("0") == len(PadchestReader.findings) - 1


def test_a_report_that_names_no_finding_leaves_the_image_unlabelled(source):
    assert [set(row.findings) for row in read(source)[3:]] == [{""}, {""}]


def test_a_study_is_a_case_with_its_views_and_days(source):
    rows = read(source)
    assert [row.case_id for row in rows[:3]] == ["s1", "s1", "s2"]
    assert [row.view for row in rows] == ["PA", "lateral", "AP_horizontal", "", "PA"]
    assert [row.visit for row in rows] == ["0", "0", "108", "0", "0"]


def test_age_is_the_year_of_the_study_less_that_of_birth(source):
    assert [row.age for row in read(source)] == ["84", "84", "85", "", "25"]
    assert [row.sex for row in read(source)] == ["male", "male", "male", "female", ""]


def test_images_lie_in_numbered_folders_or_side_by_side(source, image_files):
    (source / "54" / "c.png").unlink()
    image_files(["images/c.png"])
    rows = read(source)
    assert rows[0].image == source / "0/a.png"
    assert rows[2].image == source / "images/c.png"


def test_labels_that_are_no_list_are_named(source):
    table = next(source.glob("PADCHEST*"))
    table.write_text(table.read_text().replace("['normal']", "['normal'"))
    with pytest.raises(UserError, match=r"column Labels holds .* which is no list"):
        read(source)
