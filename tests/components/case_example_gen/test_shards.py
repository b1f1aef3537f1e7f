"""Shards: of about one size, the same for any number of workers."""

import dataclasses
import hashlib
import json
from pathlib import Path

import pytest
import tensorflow as tf
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.types import standard_artifacts

from components.artifact_types import IngestionReport, PairStatistics
from components.case_example_gen import shards
from components.case_example_gen.executor import Executor
from components.case_example_gen.image_measurement import ImageMeasurement
from components.case_example_gen.images import MeasuredImage
from components.case_example_gen.settings import DataSettings
from components.pair_builder.executor import Executor as PairBuilding
from components.pair_builder.settings import PairSettings
from trainer.settings import to_json

MEGABYTE = 1024**2
TWO_PROCESSES = ["--direct_running_mode=multi_processing", "--direct_num_workers=2"]


@pytest.mark.parametrize(
    ("megabytes", "count"),
    [(0, 1), (10, 1), (320, 10), (32 * 256, 256), (128 * 256, 256), (512 * 256, 512)],
)
def test_shards_are_of_32_to_256_megabytes(megabytes, count):
    assert shards.shard_count(megabytes * MEGABYTE) == count


def test_an_image_is_decoded_again_only_if_it_is_not_the_one_that_was_checked(monkeypatch):
    decoded = []

    def decode(encoded: bytes) -> MeasuredImage:
        decoded.append(encoded)
        return MeasuredImage(b"standard", 0.1, 0.2)

    monkeypatch.setattr(shards, "standardise_and_measure", decode)
    known = ImageMeasurement(hashlib.sha256(b"checked").digest(), 0.5, 0.25)
    assert shards.image_to_write(b"checked", known) == MeasuredImage(b"checked", 0.5, 0.25)
    assert not decoded
    assert shards.image_to_write(b"replaced", known).encoded == b"standard"
    assert shards.image_to_write(b"of another mode", None).encoded == b"standard"
    assert decoded == [b"replaced", b"of another mode"]


def ingest(data: DataSettings, directory: Path, options: list[str]) -> None:
    """Writes `cases` and `pairs`."""
    directory.mkdir()
    (directory / "key").write_bytes(b"0123456789abcdef0123456789abcdef")
    examples, pairs = standard_artifacts.Examples(), standard_artifacts.Examples()
    report, statistics = IngestionReport(), PairStatistics()
    named = {"cases": examples, "pairs": pairs, "report": report, "statistics": statistics}
    for name, artifact in named.items():
        artifact.uri = str(directory / name)
    context = BaseBeamExecutor.Context(
        beam_pipeline_args=options, tmp_dir=str(directory / "temporary"), unique_id="1"
    )
    Executor(context).Do(
        {},
        {"examples": [examples], "ingestion_report": [report]},
        {
            "data": json.dumps(dataclasses.asdict(data)),
            "manifest": data.manifest,
            "pseudonym_key_file": str(directory / "key"),
        },
    )
    # A fixed number of rounds: each further pipeline starts two processes, which import TensorFlow.
    settings = PairSettings(pair_scope="patient", rounds=2)
    PairBuilding(context).Do(
        {"examples": [examples]},
        {"pairs": [pairs], "statistics": [statistics]},
        {"settings": to_json(settings), "seed": 0},
    )


def case_files(directory: Path) -> dict[str, str]:
    """Returns a digest of every file of cases."""
    files = sorted(Path(directory, "cases").rglob("*.gz"))
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def pairs_of_round(directory: Path, number: int) -> list[bytes]:
    files = Path(directory, "pairs").rglob(f"pairs-round-{number:05d}-*.gz")
    records = tf.data.TFRecordDataset([str(file) for file in files], "GZIP")
    return sorted(records.as_numpy_iterator())


@pytest.fixture
def data(write_image, write_manifest) -> DataSettings:
    rows = [
        {
            "image": write_image(f"{case}-{view}.png", seed=10 * case + view),
            "case_id": f"c{case}",
            "patient_id": f"p{case // 2}",
            "site": "north",
            "view": str(view),
        }
        for case in range(12)
        for view in range(2)
    ]
    return DataSettings(manifest=write_manifest(rows))


@pytest.mark.slow
def test_two_processes_write_the_same_shards_of_cases_and_the_same_pairs_as_one(data, tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    ingest(data, one, [])
    ingest(data, two, TWO_PROCESSES)
    assert case_files(one)
    assert case_files(two) == case_files(one)
    for number in range(2):
        assert len(pairs_of_round(one, number)) == 6
        assert pairs_of_round(two, number) == pairs_of_round(one, number)


def test_a_set_above_the_size_of_a_shard_is_written_in_several(data, tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "_SMALLEST_SHARD", 8 * 1024)
    ingest(data, tmp_path / "run", [])
    files = case_files(tmp_path / "run")
    assert len(files) > 1
    assert all(name.endswith(f"-of-{len(files):05d}.gz") for name in files)
