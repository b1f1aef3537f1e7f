"""HAM10000 in miniature, in the layouts of the Dataverse and of its copies."""

from pathlib import Path

import pytest

from components.dataset_readers.ham10000 import Ham10000Reader
from components.dataset_readers.reader import ReaderChoices
from trainer.errors import UserError

METADATA = """\
lesion_id,image_id,dx,dx_type,age,sex,localization,dataset
HAM_1,ISIC_1,bkl,histo,80.0,male,scalp,vidir_modern
HAM_1,ISIC_2,bkl,histo,80.0,male,scalp,vidir_modern
HAM_2,ISIC_3,nv,follow_up,,unknown,back,vidir_molemax
HAM_2,ISIC_4,nv,follow_up,,unknown,back,rosendahl
"""


@pytest.fixture
def source(image_files) -> Path:
    folder = image_files(
        f"HAM10000_images_{part}/{image}.jpg"
        for part, images in (("part_1", ("ISIC_1", "ISIC_3")), ("part_2", ("ISIC_2", "ISIC_4")))
        for image in images
    )
    (folder / "HAM10000_metadata").write_text(METADATA)
    return folder


def read(source):
    return list(Ham10000Reader().rows(source, ReaderChoices()))


def test_a_lesion_is_a_case_and_its_images_come_from_both_folders(source):
    first, second, *_ = read(source)
    assert first.image == source / "HAM10000_images_part_1/ISIC_1.jpg"
    assert second.image == source / "HAM10000_images_part_2/ISIC_2.jpg"
    assert first.case_id == second.case_id == first.patient_id == "HAM_1"
    assert (first.site, first.label, first.sex, first.age) == (
        "vidir_modern",
        "bkl",
        "male",
        "80.0",
    )


def test_a_lesion_of_two_sources_is_one_case_per_source_and_one_patient(source):
    rows = read(source)[2:]
    assert [row.case_id for row in rows] == ["HAM_2/vidir_molemax", "HAM_2/rosendahl"]
    assert [row.site for row in rows] == ["vidir_molemax", "rosendahl"]
    assert {row.patient_id for row in rows} == {"HAM_2"}
    assert {row.sex for row in rows} == {""}


def test_a_copy_without_sources_has_one_site(source):
    lines = [line.rsplit(",", 1)[0] for line in METADATA.splitlines()]
    (source / "HAM10000_metadata").unlink()
    (source / "HAM10000_metadata.csv").write_text("\n".join(lines) + "\n")
    rows = read(source)
    assert {row.site for row in rows} == {"ham10000"}
    assert [row.case_id for row in rows] == ["HAM_1", "HAM_1", "HAM_2", "HAM_2"]


def test_an_image_in_neither_folder_keeps_its_row_for_ingestion_to_report(source):
    (source / "HAM10000_images_part_2" / "ISIC_4.jpg").unlink()
    assert read(source)[3].image.name == "ISIC_4.jpg"


def test_metadata_without_a_column_are_refused_by_name(source):
    (source / "HAM10000_metadata").write_text(METADATA.replace(",dx,", ",diagnosis,"))
    with pytest.raises(UserError, match=r"HAM10000_metadata: column dx missing"):
        read(source)


def test_missing_metadata_are_named(tmp_path):
    with pytest.raises(UserError, match=r"holds no HAM10000_metadata or"):
        read(tmp_path)
