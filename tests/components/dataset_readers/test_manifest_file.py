"""What readers yield becomes a manifest that ingestion reads."""

import csv
import os
from pathlib import Path

import pytest

from components.case_example_gen.manifest import ManifestRow, read_manifest
from components.case_example_gen.settings import DataSettings
from components.dataset_readers.catalogue import READERS
from components.dataset_readers.chexpert import ChexpertReader
from components.dataset_readers.image_folder import ImageFolderReader
from components.dataset_readers.manifest_file import write_manifest
from components.dataset_readers.reader import ImageRow
from trainer.errors import UserError


def row(image: Path, **values) -> ImageRow:
    return ImageRow(**{"image": image, "case_id": "1", "patient_id": "1", "site": "s"} | values)


def test_images_below_the_manifest_are_named_relative_to_it_and_others_absolutely(tmp_path):
    inside, outside = tmp_path / "set" / "images" / "a.png", tmp_path / "elsewhere" / "b.png"
    manifest = tmp_path / "set" / "manifest.csv"
    assert write_manifest(ImageFolderReader(), [row(inside), row(outside)], manifest) == 2
    with manifest.open(newline="") as file:
        written = list(csv.DictReader(file))
    assert [line["image"] for line in written] == ["images/a.png", str(outside)]


def test_ingestion_reads_findings_and_unknown_ones_as_they_were_meant(tmp_path):
    answers = {"Edema": "1", "Pneumonia": "0"}
    findings = tuple(answers.get(name, "") for name in ChexpertReader.findings)
    rows = [row(tmp_path / "a,b.jpg", view="PA", age="68", split="test", findings=findings)]
    manifest = tmp_path / "manifest.csv"
    write_manifest(ChexpertReader(), rows, manifest)
    data = DataSettings(
        str(manifest), task="multi_label", classes=("Pneumonia", "Edema", "Fracture")
    )
    with manifest.open(newline="") as file:
        (read,) = read_manifest(file, str(manifest), data)
    assert isinstance(read, ManifestRow)
    assert (read.image, read.view, read.age, read.split) == ("a,b.jpg", "PA", 68.0, "test")
    assert read.findings == (0.0, 1.0, None)


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.card.name)
def test_only_a_set_that_states_it_has_a_column_for_text_in_the_pixels(tmp_path, reader):
    manifest = tmp_path / "manifest.csv"
    write_manifest(reader, [], manifest)
    columns = manifest.read_text().rstrip().split(",")
    assert ("text_in_pixels" in columns) == (reader.card.name == "dicom-folder")


def test_a_failure_half_way_leaves_the_old_manifest_and_no_part_of_a_new_one(tmp_path):
    def rows():
        yield row(tmp_path / "a.png")
        raise UserError("the source broke off")

    manifest = tmp_path / "manifest.csv"
    manifest.write_text("old")
    with pytest.raises(UserError):
        write_manifest(ImageFolderReader(), rows(), manifest)
    assert manifest.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.csv"]


@pytest.mark.parametrize("place", ["file/manifest.csv", "file/below/manifest.csv"])
def test_a_place_that_cannot_be_written_is_named(tmp_path, place):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match=r"manifest\.csv: cannot be written \("):
        write_manifest(ImageFolderReader(), [row(tmp_path / "a.png")], tmp_path / place)


def test_a_file_name_that_is_no_text_is_named(tmp_path):
    image = tmp_path / os.fsdecode(b"\xfcml.jpg")
    with pytest.raises(UserError, match=r"udcfcml\.jpg.*: the file's name is not UTF-8 text"):
        write_manifest(ImageFolderReader(), [row(image)], tmp_path / "manifest.csv")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.card.name)
def test_every_reader_says_what_it_takes_a_case_a_patient_and_a_site_to_be(reader):
    card = reader.card
    assert all((card.case, card.patient, card.site, card.view, card.licence, card.where))
    assert bool(reader.findings) == (card.task == "multi_label")


def test_no_two_readers_share_a_name():
    assert len({reader.card.name for reader in READERS}) == len(READERS)
