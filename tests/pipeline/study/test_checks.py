"""A fraction that leaves a class without a patient is refused, and the command says it."""

import csv

import pytest
import yaml
from click.testing import CliRunner
from PIL import Image

from pipeline.command_line import main
from pipeline.validation.label_checks import lost_classes


def test_a_class_whose_share_rounds_to_nobody_is_lost():
    lost = list(lost_classes({"common": 500, "rare": 4, "absent": 0}, 0.1))
    [line] = lost
    assert "class 'rare' has 4 patients" in line
    assert "label fraction 0.1 leaves it none" in line
    assert "below 0.125" in line


def test_a_class_whose_share_is_somebody_is_not():
    assert list(lost_classes({"rare": 5}, 0.1)) == []


@pytest.fixture
def study_file(tmp_path):
    rows = []
    for number in range(90):
        # One patient with the rare class in each split.
        label = "rare" if number % 30 == 0 else "common"
        name = f"{number}.png"
        Image.new("RGB", (16, 16), (number, 2 * number, 3)).save(tmp_path / name)
        split = ("train", "validation", "test")[number // 30]
        person = f"p{number}"
        rows.append((name, person, person, "north", split, label))
    with (tmp_path / "manifest.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("image", "case_id", "patient_id", "site", "split", "label"))
        writer.writerows(rows)
    medical = {"manifest": "manifest.csv", "task": "multi_class", "classes": ["common", "rare"]}
    base = {
        "name": "base",
        "output_dir": str(tmp_path / "out"),
        "data": {"medical": medical},
        "report": {"title": "t", "intended_use": "u"},
    }
    (tmp_path / "base.yaml").write_text(yaml.safe_dump(base))
    values = {
        "name": "study",
        "base": "base.yaml",
        "output_dir": str(tmp_path / "study"),
        "title": "t",
        "steps": {"simclr-medical": {"data": "medical", "method": "simclr"}},
        "initialisations": {"random": [], "simclr": ["simclr-medical"]},
        "label_fractions": [0.2, 1.0],
        "baseline": "random",
    }
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(values))
    return tmp_path / "study.yaml"


def test_the_command_refuses_before_anything_runs(study_file):
    outcome = CliRunner().invoke(main, ["study", str(study_file)])
    assert outcome.exit_code == 1
    assert "error: " in outcome.output
    assert "label fraction 0.2 leaves it none" in outcome.output
    assert not (study_file.parent / "study" / "artifacts").exists()


def test_a_report_of_nothing_is_a_line(study_file):
    outcome = CliRunner().invoke(main, ["study", str(study_file), "--report"])
    assert outcome.exit_code == 1
    assert "no arm of the study is finished" in outcome.output
    assert "Traceback" not in outcome.output
