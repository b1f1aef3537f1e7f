"""The Beam pipeline: pairs by round and scope, the same for any sharding."""

import json
from collections import Counter
from pathlib import Path

import apache_beam as beam
import pytest
import tensorflow as tf
from tfx.types import artifact_utils, standard_artifacts

from components.artifact_types import PairStatistics
from components.pair_builder import building
from components.pair_builder.building import build_pairs
from components.pair_builder.executor import Executor
from components.pair_builder.group_images import MAX_GROUP_IMAGES
from components.pair_builder.settings import PairSettings
from components.pair_builder.statistics import read_pair_statistics
from trainer.settings import to_json


def case(
    case_id: str, patient_id: str, images: int, site: str = "north", visit: str = "unknown"
) -> bytes:
    features = {
        "case_id": [case_id.encode()],
        "patient_id": [patient_id.encode()],
        "site": [site.encode()],
        "image": [f"{case_id}/{number}".encode() for number in range(images)],
        "view": [b"PA"] * images,
        "visit": [visit.encode()] * images,
    }
    example = tf.train.Example()
    for name, values in features.items():
        example.features.feature[name].bytes_list.value.extend(values)
    for name in ("pixel_mean", "pixel_std"):
        example.features.feature[name].float_list.value.extend([0.25, 0.5, 0.75])
    return example.SerializeToString()


CASES = [case("a", "p1", 3), case("b", "p1", 1), case("c", "p2", 2), case("d", "p3", 1, "south")]


def pairs_of(cases: list[bytes], settings: PairSettings, tmp_path: Path) -> list[tuple]:
    """Returns round (None: every round), case, and images of each pair."""
    output = tmp_path / "pairs"
    with beam.Pipeline() as pipeline:
        (
            build_pairs(pipeline | beam.Create(cases), settings, settings.rounds, seed=0).pairs
            | beam.Map(lambda item: json.dumps([item.round_number, item.serialized.hex()]))
            | beam.io.WriteToText(str(output), shard_name_template="")
        )
    pairs = []
    for line in output.read_text().splitlines():
        number, content = json.loads(line)
        features = tf.train.Example.FromString(bytes.fromhex(content)).features.feature
        name = features["case_id"].bytes_list.value[0].decode()
        images = tuple(image.decode() for image in features["image"].bytes_list.value)
        assert list(features["pixel_mean"].float_list.value) == [0.25, 0.5, 0.75]
        pairs.append((number, name, images))
    return pairs


def built(cases: list[bytes], settings: PairSettings, tmp_path: Path) -> dict[int, dict]:
    """Returns by round, by case, the images of its pair."""
    rounds: dict[int, dict] = {}
    for number, name, images in pairs_of(cases, settings, tmp_path):
        for of_round in range(settings.rounds) if number is None else [number]:
            assert name not in rounds.setdefault(of_round, {})
            rounds[of_round][name] = images
    return rounds


def places(cases: list[bytes], settings: PairSettings, tmp_path: Path) -> list[str]:
    """Returns case and round of each pair, sorted."""
    return sorted(f"{name} {number}" for number, name, _ in pairs_of(cases, settings, tmp_path))


def test_each_round_holds_each_case_once_and_single_images_are_kept(tmp_path):
    rounds = built(CASES, PairSettings(rounds=3), tmp_path)
    assert sorted(rounds) == [0, 1, 2]
    for pairs in rounds.values():
        assert sorted(pairs) == ["a", "b", "c", "d"]
        assert len(set(pairs["a"])) == 2
        assert set(pairs["c"]) == {"c/0", "c/1"}
        assert pairs["b"] == ("b/0",)


def test_a_pair_that_is_the_same_in_every_round_is_made_once(tmp_path):
    found = places(CASES, PairSettings(rounds=3), tmp_path)
    assert found == ["a 0", "a 1", "a 2", "b None", "c None", "d None"]


def test_the_pairs_of_a_single_round_are_of_that_round(tmp_path):
    assert places(CASES, PairSettings(rounds=1), tmp_path) == ["a 0", "b 0", "c 0", "d 0"]


def test_images_that_have_no_partner_take_turns_so_each_round_has_its_own(tmp_path):
    settings = PairSettings(pair_rule="different_view", rounds=2)
    assert places([case("a", "p1", 3)], settings, tmp_path) == ["a 0", "a 1"]


def test_a_case_that_sits_rounds_out_is_not_in_every_round(tmp_path):
    cases = [case("a", "p1", 2), case("b", "p1", 2)]
    settings = PairSettings(rounds=2, max_pairs_per_patient=1)
    found = places(cases, settings, tmp_path)
    assert found in (["a 0", "b 1"], ["a 1", "b 0"])


def test_single_images_can_be_left_out(tmp_path):
    rounds = built(CASES, PairSettings(rounds=3, single_image_pairs=False), tmp_path)
    kept = built(CASES, PairSettings(rounds=3), tmp_path)
    for number, pairs in rounds.items():
        assert pairs == {name: kept[number][name] for name in ("a", "c")}


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


def test_images_of_one_visit_make_no_pair_of_different_visits(tmp_path):
    cases = [
        case("a", "p1", 2, visit="0"),
        case("b", "p1", 2, visit="30"),
        case("c", "p2", 2, visit="0"),
    ]
    settings = PairSettings(pair_scope="patient", pair_rule="different_visit", rounds=4)
    for pairs in built(cases, settings, tmp_path).values():
        [patient_1] = [images for name, images in pairs.items() if name in "ab"]
        assert {image[0] for image in patient_1} == {"a", "b"}
        assert len(pairs["c"]) == 1


def test_the_cases_of_a_patient_above_the_cap_take_turns(tmp_path):
    cases = [case(f"a{number}", "p1", 2) for number in range(5)]
    cases += [case("b0", "p2", 1), case("b1", "p2", 2)]
    settings = PairSettings(rounds=5, max_pairs_per_patient=2)
    rounds = built(cases, settings, tmp_path)
    taking_part = Counter(name for pairs in rounds.values() for name in pairs)
    assert taking_part == {f"a{number}": 2 for number in range(5)} | {"b0": 5, "b1": 5}
    assert all(len(pairs) == 4 for pairs in rounds.values())
    assert rounds == built(cases[::-1], settings, tmp_path)


def test_of_a_patient_of_too_many_images_the_same_sample_is_paired_in_any_order(tmp_path):
    cases = [case(f"c{number}", "p", 30) for number in range(20)]
    settings = PairSettings(pair_scope="patient", rounds=200)
    rounds = built(cases, settings, tmp_path)
    used = {image for pairs in rounds.values() for images in pairs.values() for image in images}
    assert len(used) == MAX_GROUP_IMAGES
    assert rounds == built(cases[::-1], settings, tmp_path)


def examples_of(splits: dict[str, list[bytes]], directory: Path):
    examples = standard_artifacts.Examples()
    examples.uri = str(directory)
    examples.split_names = artifact_utils.encode_split_names(list(splits))
    for split, cases in splits.items():
        path = directory / f"Split-{split}" / "cases.gz"
        path.parent.mkdir(parents=True)
        with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
            for serialized in cases:
                writer.write(serialized)
    return examples


def run(examples, settings: PairSettings, directory: Path):
    pairs = standard_artifacts.Examples()
    pairs.uri = str(directory)
    statistics = PairStatistics()
    statistics.uri = f"{directory}-statistics"
    Executor().Do(
        {"examples": [examples]},
        {"pairs": [pairs], "statistics": [statistics]},
        {"settings": to_json(settings), "seed": 0},
    )
    return pairs


@pytest.fixture
def written(tmp_path):
    examples = examples_of({"train": CASES, "test": [case("secret", "p9", 2)]}, tmp_path / "cases")
    return run(examples, PairSettings(rounds=2), tmp_path / "pairs")


def test_the_component_writes_rounds_of_the_training_split_only(written):
    assert artifact_utils.decode_split_names(written.split_names) == ["train"]
    files = sorted(Path(written.uri, "Split-train").iterdir())
    assert {name.name[:17] for name in files} == {
        "pairs-round-00000",
        "pairs-round-00001",
        "pairs-every-round",
    }
    records = tf.data.TFRecordDataset([str(f) for f in files], "GZIP").as_numpy_iterator()
    assert not any(b"secret" in record for record in records)


def test_the_component_counts_cases_images_and_pairs_by_site(written):
    assert read_pair_statistics(f"{written.uri}-statistics") == {
        "pair_scope": "case",
        "rounds": 2,
        "not_drawn": 0,
        "pairs_per_group": 1.0,
        "sites": {
            "north": {
                "different_image": 4,
                "groups": 3,
                "images": 6,
                "images_per_group": 2.0,
                "pairs_per_group": 1.33,
                "several_image_groups": 2,
                "several_image_share": 0.6667,
                "single_image": 2,
            },
            "south": {
                "groups": 1,
                "images": 1,
                "images_per_group": 1.0,
                "pairs_per_group": 0.0,
                "several_image_groups": 0,
                "several_image_share": 0.0,
                "single_image": 2,
            },
        },
    }


def test_images_beyond_the_draw_of_a_patient_are_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(building, "MAX_GROUP_IMAGES", 4)
    cases = [case("a", "p1", 3), case("b", "p1", 3), case("c", "p2", 2)]
    settings = PairSettings(pair_scope="patient", rounds=1)
    pairs = run(examples_of({"train": cases}, tmp_path / "cases"), settings, tmp_path / "pairs")
    assert read_pair_statistics(f"{pairs.uri}-statistics")["not_drawn"] == 2


def test_auto_writes_the_rounds_that_the_largest_case_needs(tmp_path):
    examples = examples_of({"train": [*CASES, case("e", "p4", 7)]}, tmp_path / "cases")
    pairs = run(examples, PairSettings(rounds="auto"), tmp_path / "pairs")
    files = Path(pairs.uri, "Split-train").glob("pairs-round-*")
    assert {name.name[:17] for name in files} == {f"pairs-round-0000{n}" for n in range(4)}
