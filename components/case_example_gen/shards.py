"""Writes cases in shards of about one size, whatever the number of workers.

A case's shard is drawn before its images are read, so what is shuffled are rows, never pixels; a
worker that writes a shard holds one case's images at a time.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import apache_beam as beam
import tensorflow as tf
from apache_beam.metrics import Metrics

from components.case_example_gen.example import case_example
from components.case_example_gen.image_measurement import ImageMeasurement
from components.case_example_gen.image_metadata import without_metadata
from components.case_example_gen.images import MeasuredImage
from components.case_example_gen.placed_case import PlacedCase
from components.case_example_gen.pseudonym import read_key
from components.case_example_gen.settings import DataSettings
from components.case_example_gen.source_images import image_directories, read_image
from components.case_example_gen.tensorflow_decoding import decodable_image
from components.record_transforms import LARGEST_FILE, record_options, written_whole

_SMALLEST_SHARD = 32 * 1024**2
_SHARDS_BEFORE_THEY_GROW = 256


@dataclass(frozen=True)
class Shard:
    """One file of a split: number `index` of `count`."""

    split: str
    index: int
    count: int

    @property
    def path(self) -> str:
        """Relative to the artifact."""
        return f"Split-{self.split}/cases-{self.index:05d}-of-{self.count:05d}.gz"


def shard_count(total_bytes: float) -> int:
    """Returns the number of shards of a split.

    Shards are of 32 MB, so that a small set keeps several workers busy; above 256 shards they grow
    up to 256 MB, and only then their number grows again.
    """
    size = min(max(total_bytes / _SHARDS_BEFORE_THEY_GROW, _SMALLEST_SHARD), LARGEST_FILE)
    return max(1, round(total_bytes / size))


def write_shards(
    placed: beam.PCollection,
    bytes_per_image: beam.PCollection,
    data: DataSettings,
    key_file: str,
    directory: str,
) -> beam.PCollection:
    """Reads, encodes and writes all cases; returns the `Shard`s.

    Args:
        placed: `PlacedCase`s.
        bytes_per_image: One number, the mean.
        data: The data set.
        key_file: Of the pseudonyms; workers read it.
        directory: Of the artifact.
    """
    images = (
        placed
        | "ImagesOfCase" >> beam.Map(_images_of_case)
        | "ImagesBySplit" >> beam.CombinePerKey(sum)
    )
    return (
        placed
        | "DrawShard"
        >> beam.Map(
            _with_shard, beam.pvalue.AsSingleton(bytes_per_image), beam.pvalue.AsDict(images)
        ).with_output_types(tuple[tuple[str, int, int], PlacedCase])
        | "GroupByShard" >> beam.GroupByKey()
        | "WriteShards" >> beam.ParDo(_WriteShard(data, key_file, directory))
    )


def _images_of_case(placed: PlacedCase) -> tuple[str, int]:
    return placed.split, len(placed.case.rows)


def _with_shard(
    placed: PlacedCase, bytes_per_image: float, images: Mapping[str, int]
) -> tuple[tuple[str, int, int], PlacedCase]:
    # Plain values, since the key of a grouping must be encoded the same everywhere.
    count = shard_count(bytes_per_image * images[placed.split])
    digest = hashlib.sha256(placed.case.case_id.encode()).digest()
    index = int.from_bytes(digest[:8], "big") % count
    return (placed.split, index, count), placed


def image_to_write(encoded: bytes, checked: ImageMeasurement | None) -> MeasuredImage:
    """Decodes an image only if it is to change, or is no longer the one that was checked.

    Raises:
        BadImageError: It was replaced by one that cannot be used.
    """
    if checked and checked.digest == hashlib.sha256(encoded).digest():
        kept = without_metadata(encoded) if checked.has_metadata else encoded
        return MeasuredImage(kept, checked.mean, checked.contrast)
    return decodable_image(encoded)


class _WriteShard(beam.DoFn):
    """Writes the cases of a shard, in the order of the manifest."""

    def __init__(self, data: DataSettings, key_file: str, directory: str) -> None:
        self._directories = image_directories(data)
        self._classes = data.classes
        self._key_file = key_file
        self._directory = directory
        self._cases = Metrics.counter("ingestion", "cases_written")
        self._images = Metrics.counter("ingestion", "images_written")

    def setup(self) -> None:
        self._key = read_key(self._key_file)

    def process(
        self, element: tuple[tuple[str, int, int], Iterable[PlacedCase]]
    ) -> Iterator[Shard]:
        key, placed = element
        shard = Shard(*key)
        with (
            written_whole(f"{self._directory}/{shard.path}") as attempt,
            tf.io.TFRecordWriter(attempt, record_options()) as writer,
        ):
            for item in sorted(placed, key=lambda item: item.case.rows[0].order):
                writer.write(self._serialized(item))
                self._cases.inc()
                self._images.inc(len(item.case.rows))
        yield shard

    def _serialized(self, placed: PlacedCase) -> bytes:
        rows = placed.case.rows
        directory = self._directories[rows[0].external]
        images = [image_to_write(read_image(directory, row.image), row.measurement) for row in rows]
        example = case_example(placed.case, images, self._classes, self._key)
        serialized: bytes = example.SerializeToString(deterministic=True)
        return serialized
