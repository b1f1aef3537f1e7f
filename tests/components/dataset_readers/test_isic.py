"""The training sets of ISIC 2019 and 2020 in miniature."""

import pytest

from components.dataset_readers.isic_2019 import Isic2019Reader
from components.dataset_readers.isic_2020 import Isic2020Reader
from components.dataset_readers.reader import ReaderChoices
from trainer.errors import UserError

TRUTH_2019 = """\
image,MEL,NV,BCC,AK,BKL,DF,VASC,SCC,UNK
ISIC_0000000,0.0,1.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0
ISIC_0024306,0.0,1.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0
ISIC_0053453_downsampled,1.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0
ISIC_0053454,1.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0
"""
METADATA_2019 = """\
image,age_approx,anatom_site_general,lesion_id,sex
ISIC_0000000,55.0,anterior torso,,female
ISIC_0024306,45.0,,HAM_0000550,male
ISIC_0053453_downsampled,50.0,lower extremity,BCN_0003884,
ISIC_0053454,50.0,lower extremity,BCN_0003884,
"""
TRUTH_2020 = """\
image_name,patient_id,lesion_id,sex,age_approx,anatom_site_general_challenge,diagnosis,\
benign_malignant,target
ISIC_2637011,IP_7279968,IL_7972535,male,45.0,head/neck,unknown,benign,0
ISIC_0015719,IP_3075186,IL_4649854,female,45.0,upper extremity,unknown,benign,0
ISIC_0149568,IP_0962375,IL_0000001,,,upper extremity,melanoma,malignant,1
"""


@pytest.fixture
def isic_2019(image_files):
    folder = image_files(["ISIC_2019_Training_Input/ISIC_0000000.jpg"])
    (folder / "ISIC_2019_Training_GroundTruth.csv").write_text(TRUTH_2019)
    (folder / "ISIC_2019_Training_Metadata.csv").write_text(METADATA_2019)
    return folder


def read(reader, source):
    return list(reader.rows(source, ReaderChoices()))


def test_2019_a_lesion_is_a_case_and_its_prefix_the_site(isic_2019):
    rows = read(Isic2019Reader(), isic_2019)
    assert [row.case_id for row in rows] == [
        "ISIC_0000000",
        "HAM_0000550",
        "BCN_0003884",
        "BCN_0003884",
    ]
    assert [row.site for row in rows] == ["unknown", "HAM", "BCN", "BCN"]
    assert [row.label for row in rows] == ["NV", "NV", "MEL", "MEL"]
    assert rows[2].image == isic_2019 / "ISIC_2019_Training_Input/ISIC_0053453_downsampled.jpg"


def test_2019_an_image_with_two_diagnoses_is_named(isic_2019):
    truth = isic_2019 / "ISIC_2019_Training_GroundTruth.csv"
    truth.write_text(TRUTH_2019.replace("0024306,0.0,1.0", "0024306,1.0,1.0"))
    with pytest.raises(UserError, match="image ISIC_0024306 has 2 diagnoses instead of one"):
        read(Isic2019Reader(), isic_2019)


def test_2020_names_patients_and_in_its_second_version_lesions(image_files):
    folder = image_files(["train/ISIC_2637011.jpg"])
    (folder / "ISIC_2020_Training_GroundTruth_v2.csv").write_text(TRUTH_2020)
    rows = read(Isic2020Reader(), folder)
    assert [row.patient_id for row in rows] == ["IP_7279968", "IP_3075186", "IP_0962375"]
    assert [row.case_id for row in rows] == ["IL_7972535", "IL_4649854", "IL_0000001"]
    assert [row.label for row in rows] == ["benign", "benign", "malignant"]
    assert rows[0].image == folder / "train/ISIC_2637011.jpg"


def test_2020_in_its_first_version_an_image_is_a_case(image_files):
    folder = image_files(["train/ISIC_2637011.jpg"])
    lines = [line.split(",") for line in TRUTH_2020.splitlines()]
    first = "\n".join(",".join(cells[:2] + cells[3:]) for cells in lines)
    (folder / "ISIC_2020_Training_GroundTruth.csv").write_text(first + "\n")
    assert read(Isic2020Reader(), folder)[0].case_id == "ISIC_2637011"
