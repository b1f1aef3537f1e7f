"""Ingestion and pairing of a small data set by any Beam runner, and what they wrote."""

import csv
import dataclasses
import hashlib
import json
from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.types import standard_artifacts

from components.artifact_types import IngestionReport, PairStatistics
from components.case_example_gen.executor import Executor
from components.case_example_gen.settings import DataSettings
from components.pair_builder.executor import Executor as PairBuilding
from components.pair_builder.settings import PairSettings
from trainer.settings import to_json

CASES = 12


def write_data(directory: Path) -> DataSettings:
    """Writes images of noise, two a case, two cases a patient, and their manifest."""
    generator = np.random.default_rng(0)
    manifest = directory / "manifest.csv"
    with manifest.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["image", "case_id", "patient_id", "site", "view"])
        for case in range(CASES):
            for view in range(2):
                name = f"{case}-{view}.png"
                pixels = generator.integers(0, 255, (24, 24, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(directory / name)
                writer.writerow([name, f"c{case}", f"p{case // 2}", "north", view])
    return DataSettings(manifest=str(manifest))


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
    names = (f"pairs-round-{number:05d}-*.gz", "pairs-every-round-*.gz")
    files = [file for name in names for file in Path(directory, "pairs").rglob(name)]
    records = tf.data.TFRecordDataset([str(file) for file in files], "GZIP")
    return sorted(records.as_numpy_iterator())
