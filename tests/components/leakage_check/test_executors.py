"""A picture of the training split that comes again, re-encoded, in the test split."""

import json
from hashlib import sha256
from pathlib import Path

import pytest
import tensorflow as tf
from tfx.types import artifact_utils, standard_artifacts

from components.artifact_types import IngestionReport, Leakage
from components.leakage_check import checking
from components.leakage_check.executor import Executor
from components.leakage_check.leakage_report import read_leakage_report, read_to_remove
from components.leakage_remover.executor import Executor as Remover
from tests.components.leakage_check.test_image_fingerprint import encoded, picture
from trainer.errors import UserError


def case(name: str, image: bytes, patient: str = "") -> bytes:
    example = tf.train.Example()
    texts = {"case_id": name, "patient_id": patient or f"patient of {name}", "site": "north"}
    for feature, text in texts.items():
        example.features.feature[feature].bytes_list.value.append(text.encode())
    example.features.feature["image"].bytes_list.value.append(image)
    return example.SerializeToString()


@pytest.fixture
def examples(tmp_path):
    """Ten cases to train on; the test split holds a copy of the fourth."""
    return written(
        tmp_path,
        {
            "train": [case(f"train-{seed}", encoded(picture(seed))) for seed in range(10)],
            "test": [
                case("copy", encoded(picture(3).resize((96, 72)), "JPEG", quality=80)),
                case("new", encoded(picture(50))),
            ],
        },
    )


def written(tmp_path, cases: dict[str, list[bytes]]):
    artifact = standard_artifacts.Examples()
    artifact.uri = str(tmp_path / "examples")
    artifact.split_names = artifact_utils.encode_split_names(list(cases))
    for split, records in cases.items():
        directory = Path(artifact.uri, f"Split-{split}")
        directory.mkdir(parents=True)
        with tf.io.TFRecordWriter(str(directory / "cases-0.gz"), "GZIP") as writer:
            for record in records:
                writer.write(record)
    return artifact


def shared(image: bytes, *patients: str) -> dict[str, object]:
    """What ingestion says of an image that it found under several patients."""
    return {"image": sha256(image).hexdigest(), "patients": patients}


def of_nobody_left(*patients: str) -> dict[str, object]:
    """The same of an image that no case has any more."""
    return shared("".join(patients).encode(), *patients)


def check(examples, directory, action="report", found=()):
    leakage = Leakage()
    leakage.uri = str(directory / "leakage")
    report = IngestionReport()
    report.uri = str(directory / "report")
    Path(report.uri).mkdir(parents=True)
    lines = "".join(json.dumps(image) + "\n" for image in found)
    Path(report.uri, "shared_images-00000-of-00001.jsonl").write_text(lines)
    settings = json.dumps({"action": action, "min_correlation": 0.99})
    inputs = {"examples": [examples], "ingestion_report": [report]}
    Executor().Do(inputs, {"leakage": [leakage]}, {"settings": settings})
    return leakage


def test_the_copy_is_found(examples, tmp_path):
    directory = check(examples, tmp_path).uri
    report = read_leakage_report(directory)
    assert (report.images, report.pairs, report.leaked_cases) == (12, 1, 1)
    assert (report.medical_to_remove, report.natural_to_remove) == (1, 0)
    assert list(read_to_remove(directory, "medical")) == ["train-3"]
    assert list(read_to_remove(directory, "natural")) == []
    [(first, second, correlation)] = report.listed
    assert first == ("medical", "train", "north", "train-3")
    assert second == ("medical", "test", "north", "copy")
    assert correlation > 0.99


@pytest.fixture
def one_patient_twice(tmp_path):
    """Patient A is B, filed under two identifiers: two cases to train on and two in the test."""
    return written(
        tmp_path,
        {
            "train": [
                case(f"train-{seed}", encoded(picture(seed)), "A" if seed < 2 else "")
                for seed in range(4)
            ],
            "test": [
                case(f"test-{seed}", encoded(picture(50 + seed)), "B" if seed < 2 else "C")
                for seed in range(3)
            ],
        },
    )


def test_patients_who_share_an_image_leak_with_all_their_cases(one_patient_twice, tmp_path):
    directory = check(
        one_patient_twice, tmp_path, found=[of_nobody_left("A", "B"), of_nobody_left("A", "gone")]
    ).uri
    report = read_leakage_report(directory)
    assert (report.images, report.across_patients, report.leaked_cases) == (7, 3, 2)
    assert report.pairs == report.across_splits == 3
    assert sorted(read_to_remove(directory, "medical")) == ["train-0", "train-1"]
    assert report.listed[0] == (
        ("medical", "train", "north", "train-0"),
        ("medical", "test", "north", "test-0"),
        1.0,
    )


def test_patients_who_share_an_image_within_a_split_are_counted_and_do_not_leak(
    one_patient_twice, tmp_path
):
    report = read_leakage_report(
        check(one_patient_twice, tmp_path, found=[of_nobody_left("B", "C")]).uri
    )
    assert (report.across_patients, report.leaked_cases, report.medical_to_remove) == (2, 0, 0)


def test_stop_ends_the_run_for_a_shared_image_too(one_patient_twice, tmp_path):
    with pytest.raises(UserError, match="2 cases that judge the model have"):
        check(one_patient_twice, tmp_path, action="stop", found=[of_nobody_left("A", "B")])


def test_the_smallest_sample_of_a_group_has_one_of_each_side(examples, tmp_path, monkeypatch):
    assert read_leakage_report(check(examples, tmp_path / "all").uri).not_compared == 0
    monkeypatch.setattr(checking, "LARGEST_GROUP", 1)
    report = read_leakage_report(check(examples, tmp_path / "few").uri)
    # The picture and its copy share some of the ten keys: one of each side is compared.
    assert report.leaked_cases == 1


def test_of_a_group_that_is_too_large_some_of_each_side_are_compared(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(checking, "LARGEST_GROUP", 5)
    cases = {
        "train": [case("train-0", encoded(picture(3)))],
        "test": [case(f"test-{number}", encoded(picture(3))) for number in range(9)],
    }
    report = read_leakage_report(check(written(tmp_path, cases), tmp_path).uri)
    # In each of ten groups of ten, five are compared.
    assert report.not_compared == 50
    assert "50 images were not compared" in caplog.text
    assert report.medical_to_remove == 1
    assert report.leaked_cases == 4


def test_the_same_picture_in_other_bytes_makes_two_patients_one(tmp_path):
    exported_anew = encoded(picture(0), compress_level=0)
    assert exported_anew != encoded(picture(0))
    cases = {
        "train": [case("shared", encoded(picture(0)), "A"), case("own", encoded(picture(1)), "A")],
        "test": [case("copy", exported_anew, "B"), case("other", encoded(picture(2)), "B")],
    }
    directory = check(written(tmp_path, cases), tmp_path).uri
    assert sorted(read_to_remove(directory, "medical")) == ["own", "shared"]
    assert read_leakage_report(directory).leaked_cases == 2


def test_a_picture_of_three_patients_makes_nobody_one(tmp_path):
    phantom = encoded(picture(0))
    cases = {
        "train": [case("a", phantom, "A"), case("own", encoded(picture(1)), "A")],
        "test": [case("b", phantom, "B"), case("c", phantom, "C"), case("d", encoded(picture(2)))],
    }
    directory = check(written(tmp_path, cases), tmp_path).uri
    assert sorted(read_to_remove(directory, "medical")) == ["a"]


@pytest.fixture
def one_image_of_several(tmp_path):
    """An image that ingestion kept of A; B's and C's own images are unrelated."""
    cases = {
        "train": [case("kept", encoded(picture(0)), "A"), case("own", encoded(picture(1)), "A")],
        "test": [case(f"of-{name}", encoded(picture(ord(name))), name) for name in "BC"],
    }
    return written(tmp_path, cases)


def test_the_same_bytes_make_two_patients_one(one_image_of_several, tmp_path):
    directory = check(
        one_image_of_several, tmp_path, found=[shared(encoded(picture(0)), "A", "B")]
    ).uri
    assert read_leakage_report(directory).leaked_cases == 1
    assert sorted(read_to_remove(directory, "medical")) == ["kept", "own"]


def test_the_same_bytes_of_three_patients_make_nobody_one_and_remove_nothing(
    one_image_of_several, tmp_path
):
    for name, found in (
        ("in its case", shared(encoded(picture(0)), "A", "B", "C")),
        ("of no case", of_nobody_left("A", "B", "C")),
    ):
        directory = check(one_image_of_several, tmp_path / name, found=[found]).uri
        report = read_leakage_report(directory)
        assert (report.pairs, report.leaked_cases, report.medical_to_remove) == (0, 0, 0)
        assert list(read_to_remove(directory, "medical")) == []


def test_a_third_patient_with_the_picture_in_other_bytes_makes_it_a_phantom(tmp_path):
    cases = {
        "train": [case("a", encoded(picture(0)), "A"), case("own", encoded(picture(1)), "A")],
        "test": [
            case("b", encoded(picture(2)), "B"),
            case("d", encoded(picture(0), compress_level=0), "D"),
        ],
    }
    found = [shared(encoded(picture(0)), "A", "B")]
    directory = check(written(tmp_path, cases), tmp_path, found=found).uri
    # The picture is in both splits; the case that trains with it goes, and no other of A's.
    assert sorted(read_to_remove(directory, "medical")) == ["a"]
    assert read_leakage_report(directory).leaked_cases == 1


def test_links_chain_to_one_person(one_patient_twice, tmp_path):
    """A shares an image with X, X with Y, Y with B; of X and Y no case is left."""
    found = [of_nobody_left(*pair) for pair in ("YX", "AX", "BY")]
    report = read_leakage_report(check(one_patient_twice, tmp_path, found=found).uri)
    assert (report.leaked_cases, report.medical_to_remove) == (2, 2)


def test_stop_ends_the_run_and_says_what_to_do(examples, tmp_path):
    with pytest.raises(UserError, match=r"1 case that judges .* set leakage.action: remove\."):
        check(examples, tmp_path, action="stop")


def test_the_remover_leaves_out_the_earlier_splits_case_only(examples, tmp_path):
    leakage = check(examples, tmp_path)
    kept = standard_artifacts.Examples()
    kept.uri = str(tmp_path / "kept")
    inputs = {"examples": [examples], "leakage": [leakage]}
    Remover().Do(inputs, {"kept_examples": [kept]}, {"data_set": "medical"})
    names = {}
    for split in artifact_utils.decode_split_names(kept.split_names):
        files = [str(path) for path in Path(kept.uri, f"Split-{split}").iterdir()]
        records = tf.data.TFRecordDataset(files, "GZIP").as_numpy_iterator()
        names[split] = sorted(
            tf.train.Example.FromString(record).features.feature["case_id"].bytes_list.value[0]
            for record in records
        )
    assert names["test"] == [b"copy", b"new"]
    assert names["train"] == [f"train-{seed}".encode() for seed in range(10) if seed != 3]
