"""CheXpert in miniature: the published header, paths, and all four codes of a finding."""

from pathlib import Path

import pytest

from components.dataset_readers.chexpert import ChexpertReader
from components.dataset_readers.label_policy import LabelPolicy
from components.dataset_readers.reader import ReaderChoices
from trainer.errors import UserError

HEADER = (
    "Path,Sex,Age,Frontal/Lateral,AP/PA,No Finding,Enlarged Cardiomediastinum,Cardiomegaly,"
    "Lung Opacity,Lung Lesion,Edema,Consolidation,Pneumonia,Atelectasis,Pneumothorax,"
    "Pleural Effusion,Pleural Other,Fracture,Support Devices\n"
)
TRAIN = HEADER + (
    "CheXpert-v1.0-small/train/patient00001/study1/view1_frontal.jpg,Female,68,Frontal,AP,"
    "1.0,,,,,,,,,0.0,,,,1.0\n"
    "CheXpert-v1.0-small/train/patient00002/study2/view1_frontal.jpg,Male,87,Frontal,PA,"
    ",,-1.0,1.0,,-1.0,-1.0,,-1.0,,-1.0,,1.0,\n"
    "CheXpert-v1.0-small/train/patient00002/study2/view2_lateral.jpg,Male,87,Lateral,,"
    ",,-1.0,1.0,,-1.0,-1.0,,-1.0,,-1.0,,1.0,\n"
    "CheXpert-v1.0-small/train/patient00003/study1/view1_frontal.jpg,Unknown,0,Frontal,AP,"
    ",,,,,,,,,,,,,\n"
)
VALID = HEADER + (
    "CheXpert-v1.0-small/valid/patient64541/study1/view1_frontal.jpg,Male,73,Frontal,AP,"
    "0.0,1.0,1.0,1.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0\n"
)


@pytest.fixture
def source(tmp_path) -> Path:
    (tmp_path / "train.csv").write_text(TRAIN)
    (tmp_path / "valid.csv").write_text(VALID)
    return tmp_path


def read(source, **labels):
    return list(ChexpertReader().rows(source, ReaderChoices(labels=LabelPolicy(**labels))))


def findings(row):
    return dict(zip(ChexpertReader.findings, row.findings, strict=True))


def test_a_study_is_a_case_and_the_prefix_of_the_path_is_dropped(source):
    rows = read(source)
    assert [row.case_id for row in rows[:3]] == [
        "patient00001/study1",
        "patient00002/study2",
        "patient00002/study2",
    ]
    assert rows[0].image == source / "train/patient00001/study1/view1_frontal.jpg"
    assert [row.patient_id for row in rows[1:3]] == ["patient00002"] * 2
    assert [row.view for row in rows] == ["AP", "PA", "lateral", "AP", "AP"]
    assert [row.sex for row in rows] == ["female", "male", "male", "", "male"]


def test_the_large_set_has_the_same_paths_below_another_folder(source):
    (source / "train.csv").write_text(TRAIN.replace("CheXpert-v1.0-small/", "CheXpert-v1.0/"))
    assert read(source)[0].image == source / "train/patient00001/study1/view1_frontal.jpg"


@pytest.mark.parametrize(("policy", "value"), [("ignore", ""), ("zeros", "0"), ("ones", "1")])
def test_uncertain_findings_follow_the_policy(source, policy, value):
    second = findings(read(source, uncertain=policy)[1])
    assert second["Cardiomegaly"] == second["Edema"] == second["Atelectasis"] == value
    assert second["Lung Opacity"] == second["Fracture"] == "1"


def test_a_finding_may_have_a_policy_of_its_own(source):
    second = findings(
        read(source, uncertain="zeros", uncertain_by_finding={"Atelectasis": "ones"})[1]
    )
    assert (second["Atelectasis"], second["Edema"]) == ("1", "0")


@pytest.mark.parametrize(("policy", "value"), [("zeros", "0"), ("ignore", "")])
def test_an_unmentioned_finding_is_absent_or_unknown(source, policy, value):
    first, *_, last, _ = read(source, unmentioned=policy)
    assert (findings(first)["Edema"], findings(first)["Pneumothorax"]) == (value, "0")
    assert set(last.findings) == {value}


def test_the_official_validation_set_is_the_test_split_when_asked_for(source):
    rows = list(ChexpertReader().rows(source, ReaderChoices(official_split=True)))
    assert [row.split for row in rows] == ["", "", "", "", "test"]
    assert {row.split for row in read(source)} == {""}


def test_the_first_row_comes_before_the_second_is_looked_at(source):
    (source / "train.csv").write_text(TRAIN + "nonsense/a.jpg" + "," * 18 + "\n")
    rows = ChexpertReader().rows(source, ReaderChoices())
    assert next(rows).patient_id == "patient00001"
    with pytest.raises(UserError, match=r"train.csv: the path 'nonsense/a.jpg' is not of the form"):
        list(rows)


def test_an_answer_outside_the_code_is_named(source):
    (source / "train.csv").write_text(TRAIN.replace("1.0,,,,,,,,,0.0", "2.0,,,,,,,,,0.0"))
    with pytest.raises(UserError, match=r"column No Finding holds '2.0'"):
        read(source)


def test_a_table_that_is_cut_in_a_row_is_named(source):
    (source / "train.csv").write_text(TRAIN[: TRAIN.rindex("Frontal") + 3])
    with pytest.raises(UserError, match=r"train\.csv, row 5: 4 cells where the header has 19"):
        read(source)


def test_a_folder_without_the_table_is_named(tmp_path):
    with pytest.raises(UserError, match=r"holds no train\.csv"):
        read(tmp_path)
