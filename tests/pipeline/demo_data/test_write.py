"""Writing the default data: layout, repeatability, and what happens when it is cut short."""

import csv
import hashlib
import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest
from PIL import Image

from components.case_example_gen.manifest import ManifestRow, read_manifest
from components.case_example_gen.settings import DataSettings
from pipeline.demo_data import write
from pipeline.demo_data.findings import FINDINGS
from pipeline.demo_data.size import DemoSize
from pipeline.demo_data.write import write_demo_data
from trainer.errors import UserError

SMALL = DemoSize(cases={"north": 6, "harbour": 5, "valley": 4}, natural_images=5)


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "data"
    write_demo_data(folder, seed=3, size=SMALL)
    return folder


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "medical" / "manifest.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_nothing_is_written_but_what_the_manifests_name(made):
    medical = {f"medical/{row['image']}" for row in rows_of(made)}
    natural = {f"natural/images/{number:05d}.jpg" for number in range(1, 6)}
    rest = {"complete.json", "medical/manifest.csv", "natural/manifest.csv"}
    assert set(digests(made)) == medical | natural | rest


def test_every_image_opens_at_the_size_and_in_the_mode_promised(made):
    for row in rows_of(made):
        with Image.open(made / "medical" / row["image"]) as image:
            image.load()
            assert image.mode == "L"
            assert 96 <= image.width == image.height <= 128
    with Image.open(made / "natural" / "images" / "00001.jpg") as image:
        assert (image.mode, image.size) == ("RGB", (64, 64))


def test_ingestion_reads_every_row_of_the_manifest(made):
    data = DataSettings("manifest.csv", "multi_label", FINDINGS, shifted_sites=("valley",))
    with (made / "medical" / "manifest.csv").open(newline="") as file:
        read = list(read_manifest(file, "manifest.csv", data))
    assert all(isinstance(row, ManifestRow) for row in read)
    assert len(read) == len(rows_of(made))


def test_the_images_of_a_case_agree_on_everything_but_the_image_and_its_view(made):
    cases = defaultdict(set)
    for row in rows_of(made):
        shared = tuple(v for k, v in row.items() if k not in ("image", "view"))
        cases[row["case_id"]].add(shared)
    assert len(cases) == 15
    assert all(len(values) == 1 for values in cases.values())


def test_a_path_names_no_patient(made):
    assert not [row for row in rows_of(made) if row["patient_id"] in row["image"]]


def test_the_same_seed_gives_the_same_bytes(made, tmp_path):
    write_demo_data(tmp_path / "again", seed=3, size=SMALL)
    assert digests(tmp_path / "again") == digests(made)


def test_the_number_of_threads_does_not_change_the_bytes(made, tmp_path):
    script = (
        "from pipeline.demo_data.write import *;"
        f"size = DemoSize.model_validate({SMALL.model_dump()!r});"
        f"write_demo_data({str(tmp_path / 'data')!r}, 3, size)"
    )
    environment = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": "."}
    subprocess.run([sys.executable, "-c", script], check=True, env=environment)
    assert digests(tmp_path / "data") == digests(made)


def test_another_seed_replaces_the_data(tmp_path):
    folder = tmp_path / "data"
    write_demo_data(folder, seed=3, size=DemoSize(cases={"north": 2}, natural_images=1))
    before = digests(folder)
    write_demo_data(folder, seed=4, size=DemoSize(cases={"north": 2}, natural_images=1))
    assert digests(folder)["medical/images/north/00001.png"] not in before.values()
    assert json.loads((folder / "complete.json").read_text())["seed"] == 4


def test_data_that_are_there_are_not_made_again(made, monkeypatch):
    def fail(*_):
        raise AssertionError("made again")

    monkeypatch.setattr(write, "_save", fail)
    write_demo_data(made, seed=3, size=SMALL)


def test_a_run_cut_short_leaves_nothing_and_the_next_one_finishes(tmp_path, monkeypatch):
    saved = write._save
    calls = []

    def cut_short(image, path):
        calls.append(path)
        if len(calls) == 4:
            raise KeyboardInterrupt
        saved(image, path)

    monkeypatch.setattr(write, "_save", cut_short)
    size = DemoSize(cases={"north": 4}, natural_images=2)
    with pytest.raises(KeyboardInterrupt):
        write_demo_data(tmp_path / "data", size=size)
    assert not (tmp_path / "data").exists()
    write_demo_data(tmp_path / "data", size=size)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
    assert (tmp_path / "data" / "complete.json").exists()


def test_a_folder_with_other_files_is_refused_and_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(UserError, match="holds files that the demo did not make"):
        write_demo_data(tmp_path, size=SMALL)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_generating_needs_no_tensorflow():
    script = "import sys, pipeline.demo_data.write; sys.exit('tensorflow' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True)
