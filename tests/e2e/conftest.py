"""A whole run on very small generated data, shared by the tests that look at what it leaves."""

import csv
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from pipeline.demo_data.size import DemoSize
from pipeline.demo_data.write import write_demo_data
from tests.image_metadata import with_metadata

SIZE = DemoSize(cases={"north": 70, "harbour": 50, "valley": 40}, natural_images=48)


def tiny_configuration(data: Path, output: Path) -> dict:
    contrastive = {"epochs": 2, "batch_size": 16, "checkpoint_seconds": 1}
    return {
        "name": "tiny",
        "output_dir": str(output),
        "data": {
            "natural": {"manifest": str(data / "natural" / "manifest.csv")},
            "medical": {
                "manifest": str(data / "medical" / "manifest.csv"),
                "task": "multi_label",
                "classes": ["opacity", "effusion", "cardiomegaly"],
                "shifted_sites": ["valley"],
                "validation_fraction": 0.2,
                "test_fraction": 0.3,
            },
        },
        "encoder": {"width_multiplier": 0.125, "stem": "imagenet", "image_size": 32},
        "pretraining": [
            {"data": "natural", "method": "simclr", "training": contrastive},
            {"data": "medical", "method": "micle", "training": contrastive},
        ],
        "fine_tuning": {"training": {"epochs": 3, "batch_size": 16, "checkpoint_seconds": 1}},
        "gate": {
            "minimum": [{"metric": "mean_auc", "bound": 0.05}],
            "comparisons": [
                {
                    "against": "champion",
                    "require": "non_inferior",
                    "metric": "mean_auc",
                    "margin": 0.9,
                }
            ],
        },
        "report": {"title": "Tiny <script>alert(1)</script>", "intended_use": "A test"},
    }


@dataclass(frozen=True)
class Run:
    """A configuration on disk, its folders, and a way to call the command."""

    configuration: Path
    data: Path
    output: Path

    def micle(self, *arguments: str, **options) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pipeline", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, **options)


@pytest.fixture(scope="session")
def demo_data(tmp_path_factory) -> Path:
    directory = tmp_path_factory.mktemp("data") / "tiny"
    write_demo_data(directory, seed=0, size=SIZE)
    _put_identifiers_into_images(directory / "medical" / "manifest.csv")
    return directory


def _put_identifiers_into_images(manifest: Path) -> None:
    """Archives write patient and case into an image's EXIF and comments."""
    with manifest.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            path = manifest.parent / row["image"]
            identifiers = f"{row['patient_id']} {row['case_id']}".encode()
            path.write_bytes(with_metadata(path.read_bytes(), identifiers))


@pytest.fixture(scope="session")
def new_run(demo_data, tmp_path_factory):
    """Makes a run folder of its own on the shared data."""

    def make() -> Run:
        directory = tmp_path_factory.mktemp("run")
        configuration = directory / "tiny.yaml"
        values = tiny_configuration(demo_data, directory / "output")
        configuration.write_text(yaml.safe_dump(values))
        return Run(configuration, demo_data, directory / "output")

    return make


@pytest.fixture(scope="session")
def finished(new_run) -> tuple[Run, subprocess.CompletedProcess[str]]:
    run = new_run()
    return run, run.micle("run", str(run.configuration))
