"""`micle augmentations`: what a person sees of each training's views."""

import csv
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from pipeline.augmentation_stages import draw_stages, in_words, stage_names
from pipeline.commands.augmentations import augmentations_command
from pipeline.configuration import load_configuration
from trainer.errors import UserError
from trainer.settings import AugmentationSettings

SIDE = 16
NO_CHANGE = {
    "crop_area": [1.0, 1.0],
    "horizontal_flip": 0.0,
    "colour_strength": 0.0,
}


@pytest.fixture
def configuration_file(tmp_path) -> Path:
    """Nine cases of two images and one of one; each case has its own grey level."""
    rows = []
    for number in range(19):
        case = number // 2
        name = f"{number}.png"
        ramp = np.tile(np.arange(20) - 10, (20, 1))  # A blank image would be quarantined.
        Image.fromarray((20 * case + 30 + ramp).astype(np.uint8)).save(tmp_path / name)
        rows.append(
            [name, f"case-{case}", f"SECRET-{case}", "north", "well" if case % 2 else "ill"]
        )
    with (tmp_path / "manifest.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["image", "case_id", "patient_id", "site", "label"], *rows])
    values = {
        "name": "test",
        "output_dir": str(tmp_path / "run"),
        "data": {
            "medical": {
                "manifest": "manifest.csv",
                "task": "multi_class",
                "classes": ["well", "ill"],
            }
        },
        "encoder": {"image_size": SIDE},
        "pretraining": [
            {"data": "medical", "method": "simclr", "training": {"augmentation": NO_CHANGE}},
            {"data": "medical", "method": "micle", "training": {"augmentation": NO_CHANGE}},
        ],
        "fine_tuning": {"training": {"augmentation": {**NO_CHANGE, "horizontal_flip": 1.0}}},
        "report": {"title": "Test", "intended_use": "Test"},
    }
    path = tmp_path / "configuration.yaml"
    path.write_text(yaml.safe_dump(values))
    return path


def drawn(configuration_file, *names, cases=4, views=2):
    configuration = load_configuration(str(configuration_file))
    return list(draw_stages(configuration, names, cases=cases, views=views))


def test_every_training_of_the_configuration_is_shown(configuration_file):
    assert stage_names(load_configuration(str(configuration_file))) == [
        "pretraining.1",
        "pretraining.2",
        "fine_tuning",
    ]
    assert [stage.title.split(",")[0] for stage in drawn(configuration_file)] == [
        "Pretraining step 1: SimCLR on medical images",
        "Pretraining step 2: MICLe on medical images",
        "Fine-tuning on labelled medical images",
    ]


def test_without_augmentation_a_view_is_the_original_at_the_encoders_size(configuration_file):
    (stage,) = drawn(configuration_file, "pretraining.1", views=3)
    assert len(stage.rows) == 4
    for row in stage.rows:
        assert row.original.shape == (SIDE, SIDE, 3)
        assert row.views.shape == (3, SIDE, SIDE, 3)
        assert all(np.array_equal(view, row.original) for view in row.views)


def test_the_images_of_a_pair_are_of_one_case_and_a_single_image_comes_last(configuration_file):
    (stage,) = drawn(configuration_file, "pretraining.2", cases=3)
    assert [row.name for row in stage.rows] == ["1 a", "1 b", "2 a", "2 b", "3"]
    cases = [round((float(row.original.mean()) - 30) / 20) for row in stage.rows]
    assert cases[0] == cases[1] != cases[2] == cases[3]
    assert cases[4] == 9


def test_an_unknown_stage_is_refused_with_those_there_are(configuration_file):
    with pytest.raises(UserError, match=r"--stage x: .* pretraining.1, pretraining.2, fine_tuning"):
        drawn(configuration_file, "x")


def test_data_that_cannot_be_read_are_named(configuration_file):
    (configuration_file.parent / "manifest.csv").unlink()
    with pytest.raises(UserError, match=r"manifest.csv: the manifest cannot be read"):
        drawn(configuration_file)


def test_settings_are_said_in_words_without_what_is_switched_off():
    assert in_words(
        AugmentationSettings(
            crop_area=(0.08, 1.0), horizontal_flip=0.5, rotation_degrees=45, colour_strength=0.5
        )
    ) == (
        "crop 8% to 100% of the area; left-right flip 50%; rotation up to 45\N{DEGREE SIGN}; "
        "colours of strength 0.5, 80%"
    )
    assert in_words(AugmentationSettings((1, 1), horizontal_flip=0, colour_strength=0)) == "nothing"


def test_the_sheet_is_a_picture_without_identifiers(configuration_file, tmp_path, capsys):
    output = tmp_path / "sheets" / "sheet.png"
    augmentations_command(str(configuration_file), output, ("pretraining.1",), views=5, cases=2)
    with Image.open(output) as sheet:
        assert sheet.format == "PNG"
        assert not sheet.info
        tile = 112
        assert sheet.width >= 6 * tile
        assert sheet.height >= 2 * tile
        colours = {colour for _, colour in sheet.getcolors(maxcolors=2**16)}
    assert (255, 255, 255) in colours
    assert "SECRET" not in output.read_bytes().decode("latin-1") + capsys.readouterr().out
