"""PAD-UFES-20 in miniature: the published header, and the folders of the archives."""

import pytest

from components.dataset_readers.pad_ufes_20 import PadUfes20Reader
from components.dataset_readers.reader import ReaderChoices

HEADER = (
    "patient_id,lesion_id,smoke,drink,background_father,background_mother,age,pesticide,gender,"
    "skin_cancer_history,cancer_history,has_piped_water,has_sewage_system,fitspatrick,region,"
    "diameter_1,diameter_2,diagnostic,itch,grew,hurt,changed,bleed,elevation,img_id,biopsed\n"
)
METADATA = HEADER + (
    "PAT_46,881,False,False,POMERANIA,POMERANIA,55,False,FEMALE,True,True,True,True,3.0,NECK,6.0,"
    "5.0,BCC,True,True,False,True,True,True,PAT_46_881_939.png,True\n"
    "PAT_46,881,False,False,POMERANIA,POMERANIA,55,False,FEMALE,True,True,True,True,3.0,NECK,6.0,"
    "5.0,BCC,True,True,False,True,True,True,PAT_46_881_14.png,True\n"
    "PAT_1545,1867,,,,,77,,,,,,,,FACE,,,ACK,True,False,False,UNK,False,False,"
    "PAT_1545_1867_547.png,False\n"
)


@pytest.fixture
def source(image_files):
    folder = image_files(
        ["imgs_part_1/PAT_46_881_939.png", "imgs_part_3/imgs_part_3/PAT_46_881_14.png"]
    )
    (folder / "metadata.csv").write_text(METADATA)
    return folder


def read(source):
    return list(PadUfes20Reader().rows(source, ReaderChoices()))


def test_a_lesion_is_a_case_with_several_photographs(source):
    first, second, third = read(source)
    assert first.case_id == second.case_id == "PAT_46/881"
    assert (first.patient_id, third.case_id) == ("PAT_46", "PAT_1545/1867")
    assert [row.label for row in (first, second, third)] == ["BCC", "BCC", "ACK"]
    assert (first.sex, first.age, third.sex) == ("female", "55", "")


def test_images_are_found_in_all_ways_of_unpacking(source, image_files):
    first, second, third = read(source)
    assert first.image == source / "imgs_part_1/PAT_46_881_939.png"
    assert second.image == source / "imgs_part_3/imgs_part_3/PAT_46_881_14.png"
    assert not third.image.exists()
    image_files(["images/PAT_1545_1867_547.png"])
    assert read(source)[2].image == source / "images/PAT_1545_1867_547.png"
