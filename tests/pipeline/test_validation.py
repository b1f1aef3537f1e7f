"""`micle validate`: each kind of bad input gets its line, before any training."""

import csv
import dataclasses
import shutil
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from pipeline.configuration import load_configuration
from pipeline.validation.configuration_checks import validate
from tests.claimed_png import with_claimed_size
from tests.trainer.encoder_cards import encoder_card
from trainer.encoder_card import write_encoder_card
from trainer.settings import EncoderSettings

COLUMNS = ("image", "case_id", "patient_id", "site", "split", "label", "text_in_pixels")


class DataSet:
    """A sound data set of 60 cases at two sites, to be spoilt by a test."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.rows = []
        self.top_level = {}
        self.whole_data = {}
        self.data = {"task": "multi_class", "classes": ["well", "ill"], "max_bad_fraction": 0.2}
        for number in range(60):
            name = f"{number}.png"
            pixels = np.random.default_rng(number).integers(0, 256, (16, 16), dtype=np.uint8)
            Image.fromarray(pixels).save(directory / name)
            self.rows.append(
                {
                    "image": name,
                    "case_id": f"case-{number}",
                    "patient_id": f"patient-{number}",
                    "site": "north" if number % 2 else "south",
                    "split": "",
                    "label": "ill" if number % 3 else "well",
                }
            )

    def validate(self):
        with (self.directory / "manifest.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(self.rows)
        values = {
            "name": "test",
            "output_dir": str(self.directory / "run"),
            "data": {"medical": {"manifest": "manifest.csv", **self.data}, **self.whole_data},
            "report": {"title": "Test", "intended_use": "Test"},
            **self.top_level,
        }
        path = self.directory / "configuration.yaml"
        path.write_text(yaml.safe_dump(values))
        return validate(load_configuration(str(path)))

    def messages(self, severity: str) -> list[str]:
        prefix = f"{self.directory / 'manifest.csv'}"
        found = [f.message for f in self.validate().findings if f.severity == severity]
        return [message.removeprefix(prefix).lstrip(",: ") for message in found]


@pytest.fixture
def data_set(tmp_path):
    return DataSet(tmp_path)


def test_a_sound_data_set_has_no_findings_and_a_summary(data_set):
    validation = data_set.validate()
    assert validation.findings == ()
    summary = validation.summaries["medical"]
    assert (summary.images, summary.cases, summary.patients) == (60, 60, 60)
    assert sum(summary.cases_by_split.values()) == 60


def test_bad_images_are_warnings_with_row_and_column(data_set):
    names = [row["image"] for row in data_set.rows]
    (data_set.directory / names[0]).unlink()
    (data_set.directory / names[1]).write_bytes(b"")
    (data_set.directory / names[2]).write_bytes(b"no image")
    whole = (data_set.directory / names[3]).read_bytes()
    (data_set.directory / names[3]).write_bytes(whole[:-20])
    shutil.copy(data_set.directory / names[5], data_set.directory / names[4])
    assert data_set.messages("warning") == [
        "row 2, column image: the image cannot be read (No such file or directory); "
        "it will be quarantined.",
        "row 3, column image: the image is an empty file; it will be quarantined.",
        "row 4, column image: the image is not an image; it will be quarantined.",
        "row 5, column image: the image is truncated; it will be quarantined.",
        "row 7, column image: the same bytes as row 6; it will be quarantined.",
    ]
    assert data_set.messages("error") == []


def test_of_the_same_bytes_the_first_in_a_case_that_is_kept_is_kept(data_set):
    for number in (3, 9, 12):
        data_set.rows[number]["image"] = "0.png"
    # The first is of a patient in two splits, so its case is left out.
    data_set.rows[0]["split"] = "train"
    data_set.rows[1] |= {"split": "test", "patient_id": "patient-0"}
    assert data_set.messages("warning") == [
        "row 11, column image: the same bytes as row 5; it will be quarantined.",
        "row 14, column image: the same bytes as row 5; it will be quarantined.",
    ]
    assert data_set.messages("error") == [
        "rows 2, 3: patient stands in two given splits. Give the patient one split."
    ]
    summary = data_set.validate().summaries["medical"]
    # Cases 9 and 12 have no other image.
    assert (summary.images, summary.cases, sum(summary.cases_by_split.values())) == (58, 58, 56)


def test_a_copy_within_a_case_adds_its_label_and_is_told_even_if_they_contradict(data_set):
    data_set.rows[1] |= data_set.rows[0] | {"label": ""}
    data_set.rows[3] |= data_set.rows[2] | {"label": "well"}
    assert data_set.messages("warning") == [
        "row 3, column image: the same bytes as row 2; it will be quarantined.",
        "row 5, column image: the same bytes as row 4; it will be quarantined.",
    ]
    [error] = data_set.messages("error")
    assert error.startswith("rows 4, 5, column label")


def test_bytes_behind_the_end_of_an_image_are_no_cut(data_set):
    """Some cameras write them; the run takes such an image in."""
    for name, kind in (("0.png", "PNG"), ("1.jpg", "JPEG")):
        path = data_set.directory / name
        with Image.open(data_set.directory / f"{name[0]}.png") as image:
            image.save(path, kind)
        path.write_bytes(path.read_bytes() + bytes(256))
        data_set.rows[int(name[0])]["image"] = name
    assert data_set.messages("warning") == []


def test_a_finding_names_no_patient(data_set):
    for number, name in ((3, "of patient-3.png"), (4, "case-4/a.png")):
        data_set.rows[number]["image"] = name
    found = data_set.messages("warning")
    assert (
        "row 5, column image: the image cannot be read (No such file or directory); it "
        in (found[0])
    )
    assert not [line for line in found if "patient-3" in line or "case-4" in line]


def test_a_gate_rule_of_a_site_that_is_not_there_is_found(data_set):
    rules = [
        {"metric": "mean_auc", "bound": 0.5, "slice": f"site={site}"} for site in ("north", "norht")
    ]
    data_set.top_level = {"gate": {"minimum": rules}}
    assert data_set.messages("error") == [
        "gate: site=norht: no case of this site. There are: north, south."
    ]


@pytest.mark.parametrize(
    ("key", "message"), [(b"abc", "must have at least 16 bytes"), (None, "cannot be read")]
)
def test_a_key_that_is_none_is_found_before_the_run(data_set, key, message):
    path = data_set.directory / "secret.key"
    if key is not None:
        path.write_bytes(key)
    data_set.whole_data = {"pseudonym_key_file": "secret.key"}
    (found,) = data_set.messages("error")
    assert found.startswith(f"data.pseudonym_key_file: {path}: the pseudonym key")
    assert message in found


def test_an_image_that_would_fill_the_memory_is_told_before_it_is_decoded(data_set):
    image = data_set.directory / "0.png"
    image.write_bytes(with_claimed_size(image.read_bytes(), 60_000, 60_000))
    assert data_set.messages("warning") == [
        "row 2, column image: the image is too large (more than 150000000 pixels); "
        "it will be quarantined."
    ]


def test_a_file_that_would_fill_the_memory_is_told_without_being_read(data_set):
    with (data_set.directory / "0.png").open("r+b") as file:
        file.truncate(3 * 1024**3)
    assert data_set.messages("warning") == [
        "row 2, column image: the image is too large (more than 256 MB); it will be quarantined."
    ]


def test_too_many_bad_images_are_an_error(data_set):
    data_set.data["max_bad_fraction"] = 0.01
    (data_set.directory / "0.png").unlink()
    (error,) = data_set.messages("error")
    assert error.startswith("1 of 60 images (1.7%) are bad, more than max_bad_fraction 1.0%.")


def test_a_share_of_bad_images_at_the_limit_is_none_too_many(data_set):
    # 7 / 55 * 55 is a little less than 7 in floating point: shares are compared, not counts.
    del data_set.rows[55:]
    data_set.data["max_bad_fraction"] = 7 / 55
    for number in range(7):
        (data_set.directory / f"{number}.png").unlink()
    assert data_set.messages("error") == []


def test_an_unknown_label_is_an_error_with_row_and_column(data_set):
    data_set.rows[7]["label"] = "sick"
    assert data_set.messages("error") == ["row 9, column label: not one of well, ill."]


def test_a_case_that_contradicts_itself_is_an_error_with_its_rows(data_set):
    data_set.rows[1] |= {"case_id": "case-0", "patient_id": "patient-0", "site": "south"}
    assert data_set.messages("error") == [
        "rows 2, 3, column label: one case with two values; make its rows agree."
    ]


def test_a_cell_under_the_wrong_heading_is_quoted_in_no_finding_of_a_contradiction(data_set):
    data_set.rows[1] |= data_set.rows[0] | {"image": "1.png", "site": "south MRN-4711"}
    found = data_set.messages("error")
    assert found == ["rows 2, 3, column site: one case with two values; make its rows agree."]


def test_a_patient_in_two_given_splits_is_an_error_with_its_rows(data_set):
    data_set.rows[0]["split"] = "train"
    data_set.rows[1] |= {"split": "test", "patient_id": "patient-0"}
    assert data_set.messages("error") == [
        "rows 2, 3: patient stands in two given splits. Give the patient one split."
    ]


def test_an_empty_class_is_an_error(data_set):
    data_set.data["classes"] = ["well", "ill", "rare"]
    assert data_set.messages("error") == [
        "class 'rare' has no case in the train split. Remove it from classes, or add cases."
    ]


def test_a_sparse_site_is_a_warning(data_set):
    for row in data_set.rows[:3]:
        row["site"] = "hut"
    assert data_set.messages("warning") == [
        "site 'hut' has 3 cases; its metrics will read 'too few to estimate'."
    ]


def test_a_held_out_site_that_is_not_there_is_an_error(data_set):
    data_set.data["shifted_sites"] = ["valley"]
    assert data_set.messages("error") == [
        "shifted site 'valley' has no case. Its sites are: north, south."
    ]


def with_external(data_set, rows, name="elsewhere", columns="image,case_id,patient_id,site,label"):
    lines = [columns, *rows]
    (data_set.directory / "elsewhere.csv").write_text("\n".join(lines) + "\n")
    data_set.data["external"] = [
        {"name": name, "manifest": "elsewhere.csv", "labels": {"ill": "SICK", "well": "fine"}}
    ]
    return data_set


def test_an_external_collection_without_a_known_label_is_an_error(data_set):
    pixels = np.random.default_rng(999).integers(0, 256, (16, 16), dtype=np.uint8)
    Image.fromarray(pixels).save(data_set.directory / "new.png")
    expected = f"{data_set.directory / 'elsewhere.csv'}: no case has a label that external.labels"
    [error] = with_external(data_set, ["new.png,1,1,x,odd"]).messages("error")
    assert error.startswith(expected)
    assert with_external(data_set, ["new.png,1,1,x,SICK"]).messages("error") == []
    [warning] = data_set.messages("warning")
    assert warning.endswith("no case has 'fine', which stands for 'well'.")


def test_an_external_collection_with_the_name_of_a_site_is_an_error(data_set):
    rows = ["0.png,1,1,x,SICK"]
    [error] = with_external(data_set, rows, name="north").messages("error")
    assert "north is the name of a site of the data set itself" in error


def test_images_with_text_in_their_pixels_are_a_warning_with_their_number_by_site(data_set):
    for number, said in ((0, "yes"), (1, "yes"), (2, "Yes"), (3, "no"), (5, "yes")):
        data_set.rows[number]["text_in_pixels"] = said
    # Left out, text and all.
    (data_set.directory / "5.png").write_bytes(b"no image")
    assert data_set.messages("warning") == [
        "row 7, column image: the image is not an image; it will be quarantined.",
        "column text_in_pixels: images whose pixels hold text, by site: north 1, south 2. "
        "The text may name a patient. Look at these images, and mask it or leave them out.",
    ]
    assert data_set.messages("error") == []


def test_text_in_the_pixels_of_an_external_collection_is_a_warning_too(data_set):
    pixels = np.random.default_rng(999).integers(0, 256, (16, 16), dtype=np.uint8)
    Image.fromarray(pixels).save(data_set.directory / "new.png")
    rows = ["new.png,1,1,x,SICK,yes"]
    columns = "image,case_id,patient_id,site,label,text_in_pixels"
    warning, _ = with_external(data_set, rows, columns=columns).messages("warning")
    assert "elsewhere.csv, column text_in_pixels: " in warning
    assert "by site: elsewhere 1." in warning


def test_what_says_neither_yes_nor_no_of_text_in_the_pixels_is_an_error(data_set):
    data_set.rows[0]["text_in_pixels"] = "patient-0"
    assert data_set.messages("error") == [
        "row 2, column text_in_pixels: neither yes, no nor blank (not stated)."
    ]


def test_no_patient_identifier_is_in_any_message(data_set):
    data_set.rows[0]["split"] = "train"
    data_set.rows[1] |= {"split": "test", "patient_id": "patient-0"}
    data_set.rows[4] |= {"case_id": "case-5"}
    for finding in data_set.validate().findings:
        assert "patient-" not in finding.message


def test_a_full_disk_is_an_error_before_the_run(data_set, monkeypatch):
    usage = namedtuple("Usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9, 10**6))
    (error,) = data_set.messages("error")
    assert "0.0 GB free, about 0.2 GB needed" in error


ENCODER = EncoderSettings("resnet18", 0.125, "imagenet", 16)


def encoder_errors(data_set, card, **encoder):
    directory = data_set.directory / "encoder"
    directory.mkdir()
    (directory / "encoder.weights.h5").touch()
    if card is not None:
        write_encoder_card(str(directory), card)
    data_set.top_level |= {
        "initial_encoder": str(directory),
        "encoder": {**dataclasses.asdict(ENCODER), **encoder},
    }
    errors = [f.message for f in data_set.validate().findings if f.severity == "error"]
    return [message.removeprefix(f"initial_encoder: {directory}") for message in errors]


def test_an_encoder_that_fits_is_no_error(data_set):
    assert encoder_errors(data_set, encoder_card(ENCODER)) == []


@pytest.mark.parametrize(
    ("encoder", "expected"),
    [
        ({"architecture": "resnet34"}, ": encoder.architecture is resnet34 in the configuration"),
        ({"width_multiplier": 1}, ": encoder.width_multiplier is 1.0 in the configuration"),
        ({"stem": "small_image"}, ": encoder.stem is small_image in the configuration"),
        ({"image_size": 32}, ": the given encoder was trained at 16 pixels, encoder.image_size"),
    ],
)
def test_an_encoder_that_does_not_fit_is_an_error_before_the_run(data_set, encoder, expected):
    (error,) = encoder_errors(data_set, encoder_card(ENCODER), **encoder)
    assert error.startswith(expected)


def test_an_encoder_of_a_size_that_is_meant_is_no_error(data_set):
    sizes = {"image_size": 32, "initial_image_size": 16}
    assert encoder_errors(data_set, encoder_card(ENCODER), **sizes) == []


def test_a_folder_without_a_card_is_an_error(data_set):
    (error,) = encoder_errors(data_set, None)
    assert error.startswith("/encoder.json: there is no such file.")


def test_a_class_too_rare_for_the_label_fraction_is_named_with_the_fraction_that_works(data_set):
    data_set.rows = [
        {**row, "split": "train" if number < 40 else ("validation" if number < 50 else "test")}
        for number, row in enumerate(data_set.rows)
    ]
    # Of the 40 training patients every third, 14, is well.
    data_set.top_level = {"fine_tuning": {"label_fraction": 0.05}}
    thin = [line for line in data_set.messages("warning") if "label_fraction" in line]
    assert thin == [
        "class 'well' has 14 patients in the train split, and label_fraction 0.05 keeps one of "
        "them, more than its share. The smallest fraction that works for it is 0.072."
    ]
    data_set.top_level = {"fine_tuning": {"label_fraction": 0.072}}
    assert not [line for line in data_set.messages("warning") if "label_fraction" in line]


def micle(**pairs):
    return {"pretraining": [{"data": "medical", "method": "micle", "pairs": pairs}]}


def two_images_a(data_set, column):
    for one, other in zip(data_set.rows[::2], data_set.rows[1::2], strict=True):
        for shared in {"patient_id", column}:
            other[shared] = one[shared]
        other |= {"site": one["site"], "label": one["label"]}


def test_micle_without_a_pair_of_images_is_said_before_the_run(data_set):
    data_set.top_level = micle()
    assert data_set.messages("error") == []
    assert data_set.messages("warning") == [
        "pretraining.0.pairs: no case of the train split has two images, so each pair is two views "
        "of one image, as SimCLR's are. Leave the step out."
    ]
    data_set.top_level = micle(single_image_pairs=False, pair_scope="patient")
    assert data_set.messages("error") == [
        "pretraining.0.pairs: no patient of the train split has two images, and single_image_pairs "
        "is false: there is nothing to train on. Leave the step out."
    ]


def test_micle_with_a_pair_of_images_is_sound(data_set):
    two_images_a(data_set, "case_id")
    data_set.top_level = micle(single_image_pairs=False)
    assert data_set.validate().findings == ()


def test_what_would_make_pairs_is_named(data_set):
    two_images_a(data_set, "patient_id")
    data_set.top_level = micle(single_image_pairs=False)
    [error] = data_set.messages("error")
    assert error.endswith("Set pair_scope: patient, or leave the step out.")
    # No row has a view.
    data_set.top_level = micle(
        single_image_pairs=False, pair_scope="patient", pair_rule="different_view"
    )
    [error] = data_set.messages("error")
    assert "no patient of the train split has two images that pair_rule different_view" in error
    assert error.endswith("Set pair_rule: any, or leave the step out.")


def test_images_that_are_not_trained_on_make_no_pair(data_set):
    two_images_a(data_set, "case_id")
    for number, row in enumerate(data_set.rows):
        row["split"] = ("validation", "test")[number // 2 % 2]
    for row in data_set.rows[:20]:
        row |= {"split": "train", "case_id": row["image"], "patient_id": row["image"]}
    data_set.top_level = micle(single_image_pairs=False)
    [error] = data_set.messages("error")
    assert "no case of the train split has two images" in error


def test_an_encoder_without_the_projection_head_that_is_asked_for_is_an_error(data_set):
    training = {"features_from": "projection_first_layer"}
    data_set.top_level = {"fine_tuning": {"training": training}}
    (error,) = encoder_errors(data_set, encoder_card(ENCODER))
    assert "has no projection head, which features_from: projection_first_layer needs" in error
