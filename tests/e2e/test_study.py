"""A whole small study: two starts, two shares of the labels, two seeds; killed once, resumed."""

import csv
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from tests.e2e.conftest import tiny_configuration

pytestmark = pytest.mark.slow

TITLE = "Study <script>alert(1)</script>"


def study_file(directory: Path, data: Path) -> Path:
    base = tiny_configuration(data, directory / "unused")
    (directory / "base.yaml").write_text(yaml.safe_dump(base))
    study = {
        "name": "tiny-study",
        "base": "base.yaml",
        "output_dir": str(directory / "study"),
        "title": TITLE,
        "initialisations": {"random": [], "micle": ["simclr-natural", "micle-medical"]},
        "label_fractions": [0.5, 1.0],
        "seeds": [0, 1],
        "baseline": "random",
    }
    path = directory / "study.yaml"
    path.write_text(yaml.safe_dump(study))
    return path


def start(path: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "pipeline", "study", str(path)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.fixture(scope="module")
def finished(demo_data, tmp_path_factory):
    """The study's folder and what its two processes printed; the first one is killed on its way."""
    directory = tmp_path_factory.mktemp("study")
    path = study_file(directory, demo_data)
    first = start(path)
    index = directory / "study" / "finished.json"
    while "pretrain-simclr-natural-s0" not in (index.read_text() if index.exists() else ""):
        assert first.poll() is None, first.communicate()[0]
        time.sleep(0.5)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    before = set(json.loads(index.read_text()))
    second = start(path)
    output, _ = second.communicate()
    assert second.returncode == 0, output
    return path, directory / "study", before, output


def test_a_killed_study_goes_on_and_says_how_long_the_rest_takes(finished):
    _, _, before, output = finished
    for node in before:
        [line] = [line for line in output.splitlines() if f"] {node} " in line]
        assert line.endswith("done before")
    assert " left" in output
    assert "4 pretrainings, 8 arms" in output


def test_everything_shared_ran_once(finished):
    _, folder, _, _ = finished
    done = set(json.loads((folder / "finished.json").read_text()))
    assert {name for name in done if name.endswith("-cases")} == {"natural-cases", "medical-cases"}
    assert len([name for name in done if name.startswith("pretrain-")]) == 4
    assert len([name for name in done if name.startswith("evaluate-")]) == 8


def test_the_report_has_every_arm_and_its_difference_to_the_baseline(finished):
    _, folder, _, _ = finished
    result = json.loads((folder / "study" / "study.json").read_text())
    assert (result["arms_finished"], result["arms"]) == (8, 8)
    rows = [row for row in result["results"] if row["group"] == "in_distribution"]
    assert len(rows) == 4
    for row in rows:
        assert row["seeds"] == 2
        assert (row["difference"] is None) == (row["initialisation"] == "random")
    assert all(row["fine_tuning_seconds"] > 0 for row in result["cost"])
    with (folder / "study" / "results.csv").open() as file:
        assert len(list(csv.DictReader(file))) == len(result["results"])
    assert "<script>alert" not in (folder / "study" / "study.html").read_text()


def test_the_report_can_be_made_again_without_training(finished):
    path, folder, _, _ = finished
    page = folder / "study" / "study.html"
    before = page.read_bytes()
    page.unlink()
    command = [sys.executable, "-m", "pipeline", "study", str(path), "--report"]
    completed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert completed.returncode == 0, completed.stdout + completed.stderr
    assert page.read_bytes() == before
