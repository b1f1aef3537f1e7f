"""Distributions by site out of the statistics that StatisticsGen has written."""

import errno
from collections.abc import Iterator

import tensorflow as tf
from tensorflow_metadata.proto.v0 import statistics_pb2

from components.site_drift.distributions import Distribution, Numbers, SiteData, known_shares
from components.site_drift.divergence import Bucket
from components.site_drift.drift import SiteDrift, measure_drift
from schemas import case_features

_SLICE_PREFIX = f"{case_features.SITE}_"
"""TFDV calls the slice of a site so, followed by the site's name."""

_WORDS = (
    case_features.VIEW,
    case_features.SEX,
    case_features.AGE_GROUP,
    case_features.LABEL,
    case_features.IMAGE_COUNT,
)
_NUMBERS = (case_features.IMAGE_MEAN, case_features.IMAGE_CONTRAST)
_NAMED = (case_features.KNOWN_FINDING, case_features.CASE_FEATURE)
"""Features whose values are `name=value`: each name is a feature of its own."""


def read_drift(statistics_uri: str) -> tuple[SiteDrift, ...]:
    """Returns how far each site is from what training saw.

    Args:
        statistics_uri: Directory of an `ExampleStatistics` artifact.
    """
    return measure_drift(
        read_sites(statistics_uri, case_features.TRAIN),
        read_sites(statistics_uri, case_features.SHIFTED),
    )


def read_sites(statistics_uri: str, split: str) -> dict[str, SiteData]:
    """Returns the distributions of one split by site; none if there is no such split.

    Raises:
        FileNotFoundError: There is the split, but not its statistics.
    """
    folder = f"{statistics_uri}/Split-{split}"
    if not tf.io.gfile.exists(folder):
        return {}
    path = f"{folder}/FeatureStats.pb"
    if not tf.io.gfile.exists(path):
        raise FileNotFoundError(errno.ENOENT, "missing", path)
    with tf.io.gfile.GFile(path, "rb") as file:
        found = statistics_pb2.DatasetFeatureStatisticsList.FromString(file.read())
    return {
        dataset.name.removeprefix(_SLICE_PREFIX): SiteData(
            dataset.num_examples, dict(_distributions(dataset))
        )
        for dataset in found.datasets
        if dataset.name.startswith(_SLICE_PREFIX)
    }


def _distributions(
    dataset: statistics_pb2.DatasetFeatureStatistics,
) -> Iterator[tuple[str, Distribution]]:
    for feature in dataset.features:
        name = feature.path.step[0]
        if name in _WORDS:
            yield name, known_shares(_counts(feature))
        elif name in _NUMBERS:
            yield name, _numbers(feature)
        elif name in _NAMED:
            by_name: dict[str, dict[str, float]] = {}
            for pair, count in _counts(feature).items():
                part, _, value = pair.partition("=")
                by_name.setdefault(part, {})[value] = count
            for part, counts in by_name.items():
                yield f"{name}:{part}", known_shares(counts)


def _counts(feature: statistics_pb2.FeatureNameStatistics) -> dict[str, float]:
    buckets = feature.string_stats.rank_histogram.buckets
    return {bucket.label: bucket.sample_count for bucket in buckets}


def _numbers(feature: statistics_pb2.FeatureNameStatistics) -> Numbers:
    [histogram] = [
        histogram
        for histogram in feature.num_stats.histograms
        if histogram.type == statistics_pb2.Histogram.STANDARD
    ]
    buckets = (
        Bucket(bucket.low_value, bucket.high_value, bucket.sample_count)
        for bucket in histogram.buckets
    )
    return Numbers(tuple(buckets), feature.num_stats.mean)
