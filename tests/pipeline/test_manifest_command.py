"""`micle datasets` and `micle manifest`."""

import csv

import numpy as np
import pytest
from click.testing import CliRunner

from pipeline.command_line import main
from tests.components.dataset_readers.dicom_files import write_dicom
from tests.components.dataset_readers.test_chexpert import TRAIN


def run(*arguments: str):
    return CliRunner().invoke(main, list(arguments))


@pytest.fixture
def chexpert(tmp_path):
    (tmp_path / "train.csv").write_text(TRAIN)
    return tmp_path


def test_datasets_lists_every_reader_with_its_task():
    lines = run("datasets").output.splitlines()
    assert any(line.split()[:2] == ["chexpert", "multi_label"] for line in lines)
    assert any(line.split()[:2] == ["image-folder", "unlabelled"] for line in lines)


def test_datasets_tells_what_is_a_case_and_where_to_get_the_set():
    output = run("datasets", "chexpert").output
    for expected in ("case            study", "licence", "where to get it", "Pleural Effusion"):
        assert expected in output


def test_options_reach_the_reader(chexpert):
    output = chexpert / "out.csv"
    result = run(
        "manifest", "chexpert", str(chexpert), "-o", str(output), "--uncertain", "zeros",
        "--uncertain-finding", "Atelectasis=ones", "--unmentioned", "ignore",
    )  # fmt: skip
    assert "Edema: 0 present, 2 absent, 2 unknown" in result.output.splitlines()
    assert f"{output}: 4 images." in result.output
    with output.open(newline="") as file:
        second = list(csv.DictReader(file))[1]
    assert (second["Edema"], second["Atelectasis"], second["Pneumonia"]) == ("0", "1", "")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["chexpart"], "chexpart: no reader has this name. There are chexpert,"),
        (["ham10000", "--uncertain", "ones"], "--uncertain: ham10000 has no such thing"),
        (["image-folder", "--official-split"], "--official-split: image-folder has no such"),
        (["tfds-records", "--processes", "2"], "--processes: tfds-records has no such thing"),
        (["chexpert", "--images", "x"], "--images: chexpert has no such thing"),
        (["chexpert", "--class", "Edema"], "--class: chexpert has no such thing"),
        (["chexpert", "--uncertain-finding", "Edma=ones"], "'Edma=ones' is not FINDING=POLICY"),
        (["chexpert", "--uncertain-finding", "Edema"], "'Edema' is not FINDING=POLICY"),
    ],
)
def test_an_option_that_a_reader_would_ignore_is_refused(chexpert, arguments, expected):
    name, *options = arguments
    result = run("manifest", name, str(chexpert), "-o", str(chexpert / "x.csv"), *options)
    assert result.exit_code == 1
    assert expected in result.output
    assert not (chexpert / "x.csv").exists()


def test_manifests_are_joined(chexpert):
    parts = [str(chexpert / name) for name in ("a.csv", "b.csv")]
    for part in parts:
        run("manifest", "chexpert", str(chexpert), "-o", part)
    output = chexpert / "all.csv"
    result = run("join", *parts, "-o", str(output))
    assert result.output == f"{output}: 8 images of 2 manifests.\n"


def test_dicom_studies_become_images_beside_the_manifest_and_a_list_of_broken_files(tmp_path):
    pixels = np.arange(256, dtype=np.uint16).reshape(16, 16)
    write_dicom(tmp_path / "in" / "a.dcm", pixels)
    (tmp_path / "in" / "b.dcm").write_text("not a picture at all")
    output = tmp_path / "out" / "chest.csv"
    arguments = ("manifest", "dicom-folder", str(tmp_path / "in"), "-o", str(output))
    refused = run(*arguments)
    assert "error: 1 of 2 files cannot be used" in refused.output
    assert not output.exists()
    lines = run(*arguments, "--max-bad-fraction", "0.5").output.splitlines()
    assert lines[0] == "left out: 1 of 2 files: no readable header"
    assert lines[1] == f"{tmp_path / 'out' / 'chest_files.csv'} names these files."
    assert lines[-1].startswith(f"{output}: 1 images.")
    with output.open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["image"].startswith("chest_images/")
    assert (output.parent / row["image"]).is_file()

    (tmp_path / "in" / "b.dcm").unlink()
    assert run(*arguments).exit_code == 0
    assert not (tmp_path / "out" / "chest_files.csv").exists()


def test_with_a_key_nothing_that_is_written_for_others_names_a_patient(tmp_path):
    pixels = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64)
    for instance in ("1.2.3", "1.2.4"):
        write_dicom(
            tmp_path / "in" / f"{instance}.dcm",
            pixels,
            PatientID="P-0815",
            StudyInstanceUID="1.2",
            SOPInstanceUID=instance,
        )
    key, output = tmp_path / "hospital.key", tmp_path / "out" / "chest.csv"
    key.write_text("a secret of the hospital")

    def written(*options: str) -> set[str]:
        result = run("manifest", "dicom-folder", str(tmp_path / "in"), "-o", str(output), *options)
        assert result.exit_code == 0
        return {path.name for path in output.parent.rglob("*.png")}

    plain = written()
    keyed = written("--pseudonym-key-file", str(key)) - plain
    assert len(keyed) == len(plain) == 2
    assert not any(raw in output.read_text() for raw in ("P-0815", "1.2"))
    key.write_text("short")
    result = run(
        "manifest", "dicom-folder", ".", "-o", str(output), "--pseudonym-key-file", str(key)
    )
    assert result.exit_code != 0
    assert "at least 16 bytes" in result.output
