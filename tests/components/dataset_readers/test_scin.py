"""SCIN in miniature: two tables, up to three photographs a case, differential diagnoses."""

import pytest

from components.dataset_readers.label_policy import LabelPolicy
from components.dataset_readers.reader import ReaderChoices
from components.dataset_readers.scin import ScinReader
from trainer.errors import UserError

CASES = """\
case_id,source,release,year,age_group,sex_at_birth,fitzpatrick_skin_type,body_parts_arm,\
related_category,condition_duration,image_1_path,image_2_path,image_3_path,image_1_shot_type,\
image_2_shot_type,image_3_shot_type
-1000600354148496558,SCIN,1.0.0,2023,AGE_18_TO_29,FEMALE,FST2,YES,RASH,ONE_DAY,\
dataset/images/-11.png,dataset/images/-12.png,dataset/images/-13.png,CLOSE_UP,AT_AN_ANGLE,AT_DISTANCE
7000000000000000001,SCIN,1.0.0,2023,AGE_UNKNOWN,OTHER_OR_UNSPECIFIED,NONE_IDENTIFIED,,RASH,,\
dataset/images/21.png,,,CLOSE_UP,,
3,SCIN,1.0.0,2023,AGE_80_OR_ABOVE,MALE,,,,,dataset/images/31.png,,,AT_DISTANCE,,
4,SCIN,1.0.0,2023,,,,,,,,dataset/images/41.png,,,CLOSE_UP,
"""
LABELS = """\
case_id,dermatologist_gradable_for_skin_condition_1,dermatologist_skin_condition_on_label_name,\
dermatologist_skin_condition_confidence,weighted_skin_condition_label
-1000600354148496558,DEFAULT_YES_IMAGE_QUALITY_SUFFICIENT,"['Nummular eczema']",[3],\
"{'Eczema': 0.69, 'Psoriasis': 0.31}"
7000000000000000001,DEFAULT_YES_IMAGE_QUALITY_SUFFICIENT,"['Urticaria']",[2],\
"{'Urticaria': 0.5, 'Insect Bite': 0.5}"
3,NO_IMAGE_QUALITY_INSUFFICIENT,,,{}
4,,,,
"""


@pytest.fixture
def source(tmp_path):
    (tmp_path / "dataset").mkdir()
    (tmp_path / "dataset" / "scin_cases.csv").write_text(CASES)
    (tmp_path / "dataset" / "scin_labels.csv").write_text(LABELS)
    return tmp_path


def read(source, uncertain="ignore"):
    return list(ScinReader().rows(source, ReaderChoices(labels=LabelPolicy(uncertain))))


def test_a_case_has_up_to_three_photographs_with_their_shot_types(source):
    rows = read(source)
    assert [row.case_id for row in rows] == ["-1000600354148496558"] * 3 + [
        "7000000000000000001",
        "3",
        "4",
    ]
    assert [row.view for row in rows[:3]] == ["close_up", "at_an_angle", "at_distance"]
    assert rows[1].image == source / "dataset/images/-12.png"


def test_the_folder_named_dataset_may_be_given_itself(source):
    assert read(source / "dataset")[0].image == source / "dataset/images/-11.png"


def test_the_label_has_more_than_half_of_the_weight(source):
    labels = {row.case_id: row.label for row in read(source)}
    assert labels["-1000600354148496558"] == "Eczema"
    assert labels["7000000000000000001"] == labels["3"] == labels["4"] == ""


def test_with_ones_the_heaviest_condition_is_the_label_and_ties_go_by_name(source):
    labels = {row.case_id: row.label for row in read(source, "ones")}
    assert labels["7000000000000000001"] == "Insect Bite"
    assert labels["3"] == ""


def test_zeros_means_nothing_for_one_diagnosis(source):
    with pytest.raises(UserError, match="scin takes ignore or ones"):
        read(source, "zeros")


def test_a_group_of_ages_gives_its_youngest_age(source):
    rows = read(source)
    assert [row.age for row in rows[2:]] == ["18", "", "80", ""]
    assert [row.sex for row in rows[2:]] == ["female", "", "male", ""]


def test_a_differential_that_is_no_table_is_named(source):
    labels = source / "dataset" / "scin_labels.csv"
    labels.write_text(LABELS.replace("{}", "Eczema"))
    with pytest.raises(UserError, match="holds 'Eczema', which is no table of weights"):
        read(source)
