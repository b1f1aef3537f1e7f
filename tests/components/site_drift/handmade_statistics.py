"""Statistics of a site's views as StatisticsGen leaves them, without running it."""

from pathlib import Path

from tensorflow_metadata.proto.v0 import statistics_pb2


def write_views(directory: Path, split: str, site: str, lateral: int) -> None:
    """Writes the statistics of a split with one site of 100 cases, so many of them lateral."""
    found = statistics_pb2.DatasetFeatureStatisticsList()
    dataset = found.datasets.add(name=f"site_{site}", num_examples=100)
    view = dataset.features.add(type=statistics_pb2.FeatureNameStatistics.STRING)
    view.path.step.append("view")
    for label, count in (("PA", 100 - lateral), ("lateral", lateral)):
        view.string_stats.rank_histogram.buckets.add(label=label, sample_count=count)
    file = directory / f"Split-{split}" / "FeatureStats.pb"
    file.parent.mkdir(parents=True)
    file.write_bytes(found.SerializeToString())
