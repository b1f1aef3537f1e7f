"""MIMIC-CXR-JPG in miniature: gzipped tables, labels per study, images per dicom_id."""

import gzip

import pytest

from components.dataset_readers.label_policy import LabelPolicy
from components.dataset_readers.mimic_cxr_jpg import MimicCxrJpgReader
from components.dataset_readers.reader import ReaderChoices
from trainer.errors import UserError

METADATA = """\
dicom_id,subject_id,study_id,PerformedProcedureStepDescription,ViewPosition,Rows,Columns,\
StudyDate,StudyTime,ProcedureCodeSequence_CodeMeaning,ViewCodeSequence_CodeMeaning,\
PatientOrientationCodeSequence_CodeMeaning
02aa804e,10000032,50414267,CHEST (PA AND LAT),PA,3056,2544,21800506,213014.5,CHEST,PA,Erect
174413ec,10000032,50414267,CHEST (PA AND LAT),LATERAL,3056,2544,21800506,213014,CHEST,lateral,Erect
2a2277a9,10000032,53189527,CHEST (PA AND LAT),PA,3056,2544,21800626,165500.3,CHEST,PA,Erect
68b5c4b1,19999987,58621812,CHEST (PORTABLE AP),AP,2544,3056,21480703,90000.0,CHEST,AP,
"""
# Alphabetical, unlike CheXpert's own columns; the last study above has no row.
CHEXPERT = """\
subject_id,study_id,Atelectasis,Cardiomegaly,Consolidation,Edema,Enlarged Cardiomediastinum,\
Fracture,Lung Lesion,Lung Opacity,No Finding,Pleural Effusion,Pleural Other,Pneumonia,\
Pneumothorax,Support Devices
10000032,50414267,,,,,,,,,1.0,,,,,
10000032,53189527,1.0,-1.0,,0.0,,,,,,-1.0,,,,1.0
"""
SPLIT = """\
dicom_id,study_id,subject_id,split
02aa804e,50414267,10000032,train
174413ec,50414267,10000032,train
2a2277a9,53189527,10000032,train
68b5c4b1,58621812,19999987,validate
"""


@pytest.fixture
def source(tmp_path):
    for name, text in (("metadata", METADATA), ("chexpert", CHEXPERT), ("split", SPLIT)):
        with gzip.open(tmp_path / f"mimic-cxr-2.0.0-{name}.csv.gz", "wt") as file:
            file.write(text)
    return tmp_path


def read(source, **choices):
    return list(MimicCxrJpgReader().rows(source, ReaderChoices(**choices)))


def finding(row, name):
    return row.findings[MimicCxrJpgReader.findings.index(name)]


def test_images_lie_below_patient_and_study(source):
    rows = read(source)
    assert rows[1].image == source / "files/p10/p10000032/s50414267/174413ec.jpg"
    assert rows[3].image == source / "files/p19/p19999987/s58621812/68b5c4b1.jpg"


def test_a_study_is_a_case_and_its_images_share_its_labels(source):
    rows = read(source)
    assert [row.case_id for row in rows] == ["50414267", "50414267", "53189527", "58621812"]
    assert [row.view for row in rows] == ["PA", "lateral", "PA", "AP"]
    assert [finding(row, "No Finding") for row in rows[:3]] == ["1", "1", "0"]
    assert rows[0].findings == rows[1].findings


def test_uncertain_findings_follow_the_policy(source):
    third = read(source, labels=LabelPolicy("ones"))[2]
    assert [finding(third, name) for name in ("Cardiomegaly", "Edema", "Atelectasis")] == [
        "1",
        "0",
        "1",
    ]
    assert finding(read(source)[2], "Cardiomegaly") == ""


def test_a_study_without_labels_is_unlabelled_whatever_the_policy(source):
    assert set(read(source)[3].findings) == {""}


def test_a_date_becomes_days_since_the_patients_first_study(source):
    assert [row.visit for row in read(source)] == ["0", "0", "51", "0"]


def test_the_official_split_is_given_when_asked_for(source):
    rows = read(source, official_split=True)
    assert [row.split for row in rows] == ["train", "train", "train", "validation"]
    assert {row.split for row in read(source)} == {""}


def test_unpacked_tables_are_read_too(source):
    packed = source / "mimic-cxr-2.0.0-metadata.csv.gz"
    (source / "mimic-cxr-2.0.0-metadata.csv").write_bytes(gzip.decompress(packed.read_bytes()))
    packed.unlink()
    assert len(read(source)) == 4


def test_a_half_fetched_table_is_named(source):
    packed = source / "mimic-cxr-2.0.0-chexpert.csv.gz"
    packed.write_bytes(packed.read_bytes()[:-20])
    with pytest.raises(UserError, match=r"chexpert.csv.gz: cannot be read .* Fetch the file again"):
        read(source)
