"""Distances between sites, against SciPy and against TFDV's own comparators."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow_data_validation as tfdv
from google.protobuf import text_format
from scipy.spatial.distance import jensenshannon
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from components.site_drift.distributions import (
    Numbers,
    Shares,
    SiteData,
    distance,
    numbers_of,
    pooled,
)
from components.site_drift.divergence import Bucket, jensen_shannon_divergence
from components.site_drift.drift import measure_drift
from components.site_drift.statistics_reader import read_drift, read_sites
from tests.components.site_drift.case_files import (
    case,
    write_examples,
    write_schema,
    write_statistics,
)


def test_on_equal_buckets_the_divergence_is_scipys_squared_distance():
    random = np.random.default_rng(0)
    p, q = random.dirichlet(np.ones(9)), random.dirichlet(np.ones(9))
    p[2] = 0
    first, second = (
        [Bucket(n / 9, (n + 1) / 9, mass) for n, mass in enumerate(masses)] for masses in (p, q)
    )
    expected = jensenshannon(p, q, base=2) ** 2
    assert jensen_shannon_divergence(first, second) == pytest.approx(expected, abs=1e-12)


def test_buckets_are_divided_evenly_where_their_edges_differ():
    wide = [Bucket(0, 4, 8)]
    halves = [Bucket(0, 1, 2), Bucket(1, 4, 6)]
    assert jensen_shannon_divergence(wide, halves) == pytest.approx(0, abs=1e-12)
    # Overlapping buckets, as those of two sites taken together, add up.
    assert jensen_shannon_divergence(wide, [Bucket(0, 4, 1), Bucket(0, 4, 5)]) == 0


def test_a_point_is_apart_from_the_values_around_it():
    assert jensen_shannon_divergence([Bucket(1, 1, 3)], [Bucket(1, 1, 7)]) == 0
    assert jensen_shannon_divergence([Bucket(1, 1, 3)], [Bucket(0, 2, 7)]) == 1


def test_the_share_that_differs_most_is_named():
    found = distance(Shares({"PA": 1, "lateral": 3}), Shares({"PA": 6, "AP": 2, "lateral": 2}))
    assert (found.of, found.here, found.elsewhere) == ("lateral", 0.75, 0.2)
    assert found.value == pytest.approx(0.55)
    assert distance(Shares({}), Shares({"PA": 1})) is None


def test_sites_taken_together_weigh_as_many_as_their_cases():
    few = SiteData(1, {"image_mean": numbers_of([0.1]), "view": Shares({"PA": 1})})
    many = SiteData(3, {"image_mean": numbers_of([0.4, 0.5, 0.6]), "view": Shares({"AP": 3})})
    both = pooled([few, many])
    assert both.cases == 4
    assert both.features["view"].share("AP") == 0.75
    assert both.features["image_mean"].mean == pytest.approx(0.4)
    assert both.features["image_mean"].total == 4


def test_a_training_site_is_compared_with_the_others_and_a_held_out_one_with_all():
    def site(view):
        return SiteData(10, {"view": Shares({view: 10}), "sex": Shares({})})

    drifts = measure_drift({"a": site("PA"), "b": site("AP")}, {"c": site("PA")})
    assert [(d.site, d.held_out, d.features[0].distance.value) for d in drifts] == [
        ("c", True, 0.5),
        ("a", False, 1.0),
        ("b", False, 1.0),
    ]
    assert [found.feature for found in drifts[0].features] == ["view"]
    assert measure_drift({"a": site("PA")}, {}) == ()


@pytest.fixture(scope="module")
def statistics(tmp_path_factory):
    """40 training cases at one site; 30 at a brighter one with other views and more edema."""
    directory = tmp_path_factory.mktemp("drift")
    random = np.random.default_rng(1)

    def cases(first, number, site, brightness, view, edema):
        return [
            case(
                n,
                site,
                view=[view if n % 4 else "PA"],
                image_mean=[float(random.normal(brightness, 0.05))],
                known_finding=[f"edema={int(n % edema == 0)}", "effusion=0"],
                case_feature=["scanner=A" if site == "north" else "scanner=unknown"],
            )
            for n in range(first, first + number)
        ]

    splits = {
        "train": cases(0, 40, "north", 0.4, "AP", 10),
        "shifted": cases(100, 30, "valley", 0.5, "lateral", 2),
    }
    return write_statistics(write_examples(splits, directory), write_schema(directory), directory)


def load(statistics, split: str, name: str) -> statistics_pb2.DatasetFeatureStatisticsList:
    path = Path(statistics.uri, f"Split-{split}", "FeatureStats.pb")
    [dataset] = [d for d in tfdv.load_stats_binary(str(path)).datasets if d.name == name]
    alone = statistics_pb2.DatasetFeatureStatisticsList(datasets=[dataset])
    alone.datasets[0].name = "All Examples"
    return alone


def tfdvs_distances(statistics) -> dict[str, float]:
    """What TFDV itself measures between the two sites."""
    text = (Path("schemas") / "case.pbtxt").read_text()
    schema = text_format.Parse(text, schema_pb2.Schema())
    for feature in schema.feature:
        if feature.name in ("view", "sex"):
            feature.drift_comparator.infinity_norm.threshold = 0.0
        if feature.name in ("image_mean", "image_contrast"):
            feature.drift_comparator.jensen_shannon_divergence.threshold = 0.0
    found = tfdv.validate_statistics(
        load(statistics, "shifted", "site_valley"),
        schema,
        previous_statistics=load(statistics, "train", "site_north"),
    )
    return {info.path.step[0]: info.drift_measurements[0].value for info in found.drift_skew_info}


def test_the_distances_are_those_of_tfdvs_comparators(statistics):
    [valley] = read_drift(statistics.uri)
    ours = {found.feature: found.distance.value for found in valley.features}
    theirs = tfdvs_distances(statistics)
    assert set(theirs) == {"view", "sex", "image_mean", "image_contrast"}
    for feature, value in theirs.items():
        assert ours[feature] == pytest.approx(value, abs=1e-6), feature


def test_findings_are_features_of_their_own_and_what_is_unknown_is_left_out(statistics):
    [valley] = read_drift(statistics.uri)
    assert (valley.site, valley.held_out, valley.cases) == ("valley", True, 30)
    ours = {found.feature: found.distance for found in valley.features}
    edema = ours["known_finding:edema"]
    assert (edema.of, edema.here, edema.elsewhere) == ("1", 0.5, 0.1)
    assert ours["known_finding:effusion"].value == 0
    assert ours["image_count"].value == 0
    assert ours["image_mean"].here == pytest.approx(0.5, abs=0.03)
    assert "case_feature:scanner" not in ours
    assert isinstance(read_sites(statistics.uri, "train")["north"].features["image_mean"], Numbers)
    assert read_sites(statistics.uri, "validation") == {}
