"""The statistics of the cases: one slice a site, nobody's pseudonym, and anomalies still found."""

from pathlib import Path

import pytest
import tensorflow_data_validation as tfdv

from components.promotion_gate.executor import count_anomalies
from components.site_drift.statistics_reader import read_sites
from pipeline.configuration import load_configuration
from pipeline.graph import build_nodes
from pipeline.places import Places
from tests.components.site_drift.case_files import (
    ODD_SITE,
    case,
    write_anomalies,
    write_examples,
    write_schema,
    write_statistics,
)
from tests.components.site_drift.handmade_statistics import write_views


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Statistics and anomalies of 30 clean cases, and the folder that they are in."""
    directory = tmp_path_factory.mktemp("statistics")
    train = [case(n, ("north", ODD_SITE)[n % 2], known_finding=["edema=1"]) for n in range(20)]
    shifted = [case(100 + n, "valley", known_finding=["edema=0"]) for n in range(10)]
    schema = write_schema(directory)
    examples = write_examples({"train": train, "shifted": shifted}, directory)
    statistics = write_statistics(examples, schema, directory)
    return statistics, write_anomalies(statistics, schema, directory)


def slices(statistics, split: str) -> dict[str, int]:
    """Returns the number of cases by slice."""
    path = Path(statistics.uri, f"Split-{split}", "FeatureStats.pb")
    loaded = tfdv.load_stats_binary(str(path))
    return {dataset.name: dataset.num_examples for dataset in loaded.datasets}


def test_each_split_has_a_slice_for_each_of_its_sites_whatever_it_is_called(written):
    statistics, _ = written
    assert slices(statistics, "train") == {
        "All Examples": 20,
        "site_north": 10,
        f"site_{ODD_SITE}": 10,
    }
    assert slices(statistics, "shifted") == {"All Examples": 10, "site_valley": 10}


def test_no_pseudonym_and_no_image_is_in_the_statistics(written):
    statistics, _ = written
    files = [path for path in Path(statistics.uri).rglob("*") if path.is_file()]
    assert files
    for path in files:
        content = path.read_bytes()
        assert b"pseudonym" not in content, path
        assert b"bytes-of-an-image" not in content, path


def test_clean_cases_have_no_anomaly(written):
    _, anomalies = written
    assert count_anomalies(anomalies.uri) == 0


def test_a_planted_anomaly_is_found_among_the_slices(written, tmp_path):
    clean, _ = written
    schema = write_schema(tmp_path, lambda text: text.replace('value: "male"', 'value: "bull"'))
    assert count_anomalies(write_anomalies(clean, schema, tmp_path).uri) == 2  # One in each split.


def test_the_graph_asks_for_these_statistics():
    places = Places("/checkpoints", "/serving", "/key", {"natural": "n", "medical": "m"}, "/r", "")
    nodes = build_nodes(load_configuration("configs/demo.yaml"), places)
    [node] = [node for node in nodes if node.id == "medical-statistics"]
    options = tfdv.StatsOptions.from_json(node.exec_properties["stats_options_json"])
    [spec] = options.slicing_config.slicing_specs
    assert list(spec.feature_keys) == ["site"]
    assert options.use_sketch_based_topk_uniques


def test_a_split_without_its_statistics_is_not_taken_for_one_that_is_not_there(tmp_path):
    write_views(tmp_path, "train", "north", lateral=10)
    assert read_sites(str(tmp_path), "shifted") == {}
    (tmp_path / "Split-train" / "FeatureStats.pb").unlink()
    with pytest.raises(FileNotFoundError, match=r"Split-train/FeatureStats\.pb"):
        read_sites(str(tmp_path), "train")
