"""The Beam pipeline: pairs by round and scope, the same for any sharding."""

import json
from pathlib import Path

import apache_beam as beam
import pytest
import tensorflow as tf
from tfx.types import artifact_utils, standard_artifacts

from components.pair_builder.building import build_pairs
from components.pair_builder.executor import STATISTICS, Executor
from components.pair_builder.settings import PairSettings
from trainer.settings import to_json


def case(case_id: str, patient_id: str, images: int, site: str = "north") -> bytes:
    features = {
        "case_id": [case_id.encode()],
        "patient_id": [patient_id.encode()],
        "site": [site.encode()],
        "image": [f"{case_id}/{number}".encode() for number in range(images)],
        "view": [b"PA"] * images,
    }
    example = tf.train.Example()
    for name, values in features.items():
        example.features.feature[name].bytes_list.value.extend(values)
    for name in ("pixel_mean", "pixel_std"):
        example.features.feature[name].float_list.value.extend([0.25, 0.5, 0.75])
    return example.SerializeToString()


CASES = [case("a", "p1", 3), case("b", "p1", 1), case("c", "p2", 2), case("d", "p3", 1, "south")]


def built(cases: list[bytes], settings: PairSettings, tmp_path: Path) -> dict[int, dict]:
    """Returns by round, by case, the set of images of its pair."""
    output = tmp_path / "pairs"
    with beam.Pipeline() as pipeline:
        (
            build_pairs(pipeline | beam.Create(cases), settings, seed=0)
            | beam.Map(lambda item: json.dumps([item[0], item[1].hex()]))
            | beam.io.WriteToText(str(output), shard_name_template="")
        )
    rounds: dict[int, dict] = {}
    for line in output.read_text().splitlines():
        number, content = json.loads(line)
        features = tf.train.Example.FromString(bytes.fromhex(content)).features.feature
        name = features["case_id"].bytes_list.value[0].decode()
        images = tuple(image.decode() for image in features["image"].bytes_list.value)
        assert list(features["pixel_mean"].float_list.value) == [0.25, 0.5, 0.75]
        rounds.setdefault(number, {})[name] = images
    return rounds


def test_each_round_holds_each_case_once_and_single_images_are_kept(tmp_path):
    rounds = built(CASES, PairSettings(rounds=3), tmp_path)
    assert sorted(rounds) == [0, 1, 2]
    for pairs in rounds.values():
        assert sorted(pairs) == ["a", "b", "c", "d"]
        assert len(set(pairs["a"])) == 2
        assert set(pairs["c"]) == {"c/0", "c/1"}
        assert pairs["b"] == ("b/0",)


def test_patient_scope_pairs_images_of_two_cases_of_one_patient(tmp_path):
    rounds = built(CASES, PairSettings(pair_scope="patient", rounds=6), tmp_path)
    patient_1 = [
        images for pairs in rounds.values() for name, images in pairs.items() if name in "ab"
    ]
    assert len(patient_1) == 6
    assert any({image[0] for image in images} == {"a", "b"} for images in patient_1)


def test_the_order_of_the_cases_changes_nothing(tmp_path):
    settings = PairSettings(pair_scope="patient", rounds=4)
    assert built(CASES, settings, tmp_path) == built(CASES[::-1], settings, tmp_path)


@pytest.fixture
def written(tmp_path):
    examples, pairs = standard_artifacts.Examples(), standard_artifacts.Examples()
    examples.uri, pairs.uri = str(tmp_path / "examples"), str(tmp_path / "out")
    examples.split_names = artifact_utils.encode_split_names(["train", "test"])
    for split, cases in (("train", CASES), ("test", [case("secret", "p9", 2)])):
        path = tmp_path / "examples" / f"Split-{split}" / "cases.gz"
        path.parent.mkdir(parents=True)
        with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
            for serialized in cases:
                writer.write(serialized)
    Executor().Do(
        {"examples": [examples]},
        {"pairs": [pairs]},
        {"settings": to_json(PairSettings(rounds=2)), "seed": 0},
    )
    return pairs


def test_the_component_writes_rounds_of_the_training_split_only(written):
    assert artifact_utils.decode_split_names(written.split_names) == ["train"]
    files = sorted(Path(written.uri, "Split-train").iterdir())
    assert {name.name[:17] for name in files} == {"pairs-round-00000", "pairs-round-00001"}
    records = tf.data.TFRecordDataset([str(f) for f in files], "GZIP").as_numpy_iterator()
    assert not any(b"secret" in record for record in records)


def test_the_component_counts_pairs_by_site_and_rule(written):
    assert json.loads(Path(written.uri, STATISTICS).read_text()) == {
        "north": {"different_image": 4, "single_image": 2},
        "south": {"single_image": 2},
    }
