"""Manifests from miniature collections in exactly the published layouts."""

import csv
import itertools
from pathlib import Path

import pytest

from pipeline.manifest_sources import ham10000_manifest, image_folder_manifest, write_manifest
from trainer.errors import UserError

METADATA = """\
lesion_id,image_id,dx,dx_type,age,sex,localization,dataset
HAM_1,ISIC_1,bkl,histo,80.0,male,scalp,vidir_modern
HAM_1,ISIC_2,bkl,histo,80.0,male,scalp,vidir_modern
HAM_2,ISIC_3,nv,follow_up,,unknown,back,vidir_molemax
HAM_2,ISIC_4,nv,follow_up,,unknown,back,rosendahl
"""


@pytest.fixture
def ham10000(tmp_path) -> Path:
    source = tmp_path / "ham10000"
    for folder, images in (("part_1", ("ISIC_1", "ISIC_3")), ("part_2", ("ISIC_2", "ISIC_4"))):
        (source / f"HAM10000_images_{folder}").mkdir(parents=True)
        for image in images:
            # Not images: the manifest must not open them.
            (source / f"HAM10000_images_{folder}" / f"{image}.jpg").write_bytes(b"")
    (source / "HAM10000_metadata").write_text(METADATA)
    return source


def test_a_lesion_is_a_case_and_its_images_come_from_both_folders(ham10000):
    rows = list(ham10000_manifest(ham10000))
    assert [Path(row["image"]).parent.name[-6:] for row in rows] == [
        "part_1",
        "part_2",
        "part_1",
        "part_2",
    ]
    assert {key: value for key, value in rows[0].items() if key != "image"} == {
        "case_id": "HAM_1",
        "patient_id": "HAM_1",
        "site": "vidir_modern",
        "view": "",
        "label": "bkl",
        "sex": "male",
        "age": "80.0",
    }
    assert rows[1]["case_id"] == "HAM_1"


def test_a_lesion_of_two_sources_is_one_case_per_source_and_one_patient(ham10000):
    rows = list(ham10000_manifest(ham10000))[2:]
    assert [row["case_id"] for row in rows] == ["HAM_2/vidir_molemax", "HAM_2/rosendahl"]
    assert [row["site"] for row in rows] == ["vidir_molemax", "rosendahl"]
    assert {row["patient_id"] for row in rows} == {"HAM_2"}


def test_an_image_in_neither_folder_keeps_its_row_for_ingestion_to_report(ham10000):
    (ham10000 / "HAM10000_images_part_2" / "ISIC_4.jpg").unlink()
    rows = list(ham10000_manifest(ham10000))
    assert len(rows) == 4
    assert rows[3]["image"].endswith("ISIC_4.jpg")


def test_metadata_without_a_column_are_refused_by_name(ham10000):
    lines = METADATA.replace(",dataset", ",source")
    (ham10000 / "HAM10000_metadata").write_text(lines)
    with pytest.raises(UserError, match=r"HAM10000_metadata: column dataset missing"):
        next(ham10000_manifest(ham10000))


def test_missing_metadata_are_named(tmp_path):
    with pytest.raises(UserError, match=r"HAM10000_metadata: no such file"):
        next(ham10000_manifest(tmp_path))


def test_every_image_of_a_folder_tree_is_a_case_of_its_own(tmp_path):
    for name in ("n02/b.JPEG", "n01/a.png", "n01/c.jpg", "n01/words.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    rows = list(image_folder_manifest(tmp_path))
    assert [row["case_id"] for row in rows] == ["n01/a.png", "n01/c.jpg", "n02/b.JPEG"]
    assert all(row["patient_id"] == row["case_id"] for row in rows)
    assert {row["site"] for row in rows} == {"natural"}


def test_rows_come_before_the_whole_tree_is_read(tmp_path, monkeypatch):
    for number in range(3):
        (tmp_path / f"{number}").mkdir()
        (tmp_path / f"{number}" / "a.png").write_bytes(b"")
    visited = []
    scandir = __import__("os").scandir
    monkeypatch.setattr("os.scandir", lambda path: visited.append(path) or scandir(path))
    assert len(list(itertools.islice(image_folder_manifest(tmp_path), 1))) == 1
    assert len(visited) == 2


@pytest.mark.parametrize(
    ("folder", "message"), [("absent", "no such folder"), ("", "no .jpg, .jpeg or .png file")]
)
def test_a_folder_without_images_is_named(tmp_path, folder, message):
    with pytest.raises(UserError, match=message):
        next(image_folder_manifest(tmp_path / folder))


def test_images_below_the_manifest_are_named_relative_to_it_and_others_absolutely(tmp_path):
    inside, outside = tmp_path / "set" / "images" / "a.png", tmp_path / "elsewhere" / "b.png"
    rows = [{"image": str(inside), "case_id": "1"}, {"image": str(outside), "case_id": "2"}]
    manifest = tmp_path / "set" / "manifest.csv"
    assert write_manifest(iter(rows), manifest) == 2
    with manifest.open(newline="") as file:
        written = list(csv.DictReader(file))
    assert [row["image"] for row in written] == ["images/a.png", str(outside)]
    assert [row["case_id"] for row in written] == ["1", "2"]


def test_a_failure_half_way_leaves_the_old_manifest(tmp_path):
    def rows():
        yield {"image": "a.png"}
        raise UserError("the source broke off")

    manifest = tmp_path / "manifest.csv"
    manifest.write_text("old")
    with pytest.raises(UserError):
        write_manifest(rows(), manifest)
    assert manifest.read_text() == "old"
