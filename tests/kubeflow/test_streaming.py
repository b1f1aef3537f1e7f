"""`artifacts: direct`: case and pair records are written to and read from a store, not a folder."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from tfx.types import standard_artifacts

from components.artifact_types import IngestionReport, PairStatistics
from components.case_example_gen.executor import Executor as Ingestion
from components.case_example_gen.settings import DataSettings
from components.leakage_remover.executor import Executor as Removal
from components.pair_builder.executor import Executor as PairBuilding
from components.pair_builder.settings import PairSettings
from components.records import records_fingerprint, split_files
from tests.kubeflow import memory_store  # noqa: F401  Beam finds the file system when it is there.
from trainer.checkpoints import name_and_size
from trainer.settings import to_json

ROOT = "ram://bucket/run"


@pytest.fixture(scope="module")
def streamed(tmp_path_factory) -> tuple:
    folder = tmp_path_factory.mktemp("data")
    generator = np.random.default_rng(0)
    with (folder / "manifest.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["image", "case_id", "patient_id", "site", "view"])
        for case in range(8):
            for view in ("a", "b"):
                name = f"{case}-{view}.png"
                pixels = generator.integers(0, 255, (24, 24, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / name)
                writer.writerow([name, f"c{case}", f"p{case}", "north", view])
    with tf.io.gfile.GFile(f"{ROOT}/pseudonym.key", "wb") as file:
        file.write(b"0123456789abcdef0123456789abcdef")
    cases, pairs = standard_artifacts.Examples(), standard_artifacts.Examples()
    cases.uri, pairs.uri = f"{ROOT}/streamed-examples", f"{ROOT}/streamed-pairs"
    report, statistics = IngestionReport(), PairStatistics()
    report.uri = str(folder / "report")
    statistics.uri = f"{ROOT}/streamed-pair-statistics"
    data = DataSettings(manifest="")
    Ingestion().Do(
        {},
        {"examples": [cases], "ingestion_report": [report]},
        {
            "data": to_json(data),
            "manifest": str(folder / "manifest.csv"),
            "pseudonym_key_file": f"{ROOT}/pseudonym.key",
        },
    )
    settings = PairSettings(rounds=2)
    PairBuilding().Do(
        {"examples": [cases]},
        {"pairs": [pairs], "statistics": [statistics]},
        {"settings": to_json(settings), "seed": 0},
    )
    return cases, pairs


def test_all_cases_are_in_the_store(streamed):
    files = split_files(streamed[0], "train")
    assert all(file.startswith(f"{ROOT}/streamed-examples/Split-train/") for file in files)
    records = list(tf.data.TFRecordDataset(files, "GZIP").as_numpy_iterator())
    assert len(records) == 8
    assert not Path("ram:").exists()


def test_pairs_are_built_from_the_store_into_the_store(streamed):
    files = split_files(streamed[1], "train")
    # A case of two images has one pair, which both rounds share.
    assert len(list(tf.data.TFRecordDataset(files, "GZIP").as_numpy_iterator())) == 8
    with tf.io.gfile.GFile(f"{ROOT}/streamed-pair-statistics/pair_statistics.json") as file:
        assert json.loads(file.read())["sites"]["north"]["different_image"] == 16


def test_a_training_tells_its_data_from_others_in_the_store(streamed):
    files = split_files(streamed[1], "train")
    assert len(records_fingerprint(files)) == 64
    sizes = {int(name_and_size(file).split()[1]) for file in files}
    assert min(sizes) > 0


def test_leaking_cases_are_left_out_from_store_to_store(streamed, tmp_path):
    [file, *_] = split_files(streamed[0], "train")
    record = next(iter(tf.data.TFRecordDataset(file, "GZIP").as_numpy_iterator()))
    features = tf.train.Example.FromString(record).features.feature
    leaking = features["case_id"].bytes_list.value[0].decode()
    (tmp_path / "natural_to_remove-00000-of-00001").write_text(f"{leaking}\n")
    leakage, kept = IngestionReport(), standard_artifacts.Examples()
    leakage.uri, kept.uri = str(tmp_path), f"{ROOT}/streamed-kept"
    Removal().Do(
        {"examples": [streamed[0]], "leakage": [leakage]},
        {"kept_examples": [kept]},
        {"data_set": "natural"},
    )
    files = split_files(kept, "train")
    assert len(list(tf.data.TFRecordDataset(files, "GZIP").as_numpy_iterator())) == 7
