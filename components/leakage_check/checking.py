"""The Beam pipeline that looks for near-duplicates."""

import dataclasses
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import apache_beam as beam
import tensorflow as tf
from apache_beam.metrics import Metrics

from components.leakage_check.exact_duplicates import cases_of_linked_patients
from components.leakage_check.findings import Findings, SumUp
from components.leakage_check.group_sample import GroupSample
from components.leakage_check.image_fingerprint import image_fingerprint
from components.leakage_check.leakage_report import LeakageReport, to_remove_prefix
from components.leakage_check.near_duplicates import (
    LARGEST_GROUP,
    MEDICAL,
    NATURAL,
    ImageRecord,
    NearDuplicate,
    group_keys,
    near_duplicates,
)
from components.leakage_check.settings import LeakageSettings
from components.record_transforms import ReadRecords
from components.tagged_outputs import typed
from schemas import case_features

_NOT_COMPARED = "not_compared"
_FINGERPRINTED = Metrics.counter("leakage", "images_fingerprinted")

Place = tuple[str, str]
"""Data set and split."""


def check_leakage(
    pipeline: beam.Pipeline,
    patterns: Mapping[Place, str],
    shared: str,
    directory: str,
    settings: LeakageSettings,
) -> None:
    """Adds the check to a pipeline; `leakage.json` is there once it has run.

    Pairs are counted where they are found, and what leaks goes to files beside the report, so that
    no worker holds more than a group of images and the pairs that the report lists.

    Args:
        pipeline: To build on.
        patterns: Files of raw cases by data set and split.
        shared: Files of the medical set's images that several patients have with the same bytes, of
            which ingestion has kept one.
        directory: Where the report goes.
        settings: When two images count as the same, and what follows.
    """
    images = [
        pipeline
        | f"Read {name} {split}" >> ReadRecords(pattern)
        | f"Fingerprint {name} {split}" >> beam.FlatMap(image_records, name, split)
        for (name, split), pattern in patterns.items()
    ] | "AllImages" >> beam.Flatten()
    compared = (
        images
        | "KeyByBands" >> beam.FlatMap(_keyed)
        | "GroupByBands" >> beam.GroupByKey()
        | "Compare"
        >> beam.FlatMap(_compare, settings.min_correlation)
        .with_output_types(tuple[str, NearDuplicate])
        .with_outputs(_NOT_COMPARED, main="found")
    )
    lines = pipeline | "Shared" >> beam.Create([shared]) | "ReadShared" >> beam.io.ReadAllFromText()
    exact = cases_of_linked_patients(images, lines)
    found = (
        (compared.found, exact)
        | "NearAndExact" >> beam.Flatten()
        | "GroupByPair" >> beam.GroupByKey()
        | "EachPairOnce"
        >> beam.MapTuple(lambda _, same: next(iter(same))).with_output_types(NearDuplicate)
    )
    leaks = found | "Leaks" >> beam.Filter(lambda pair: pair.leaks)
    numbers = {
        "images": images | "CountImages" >> beam.combiners.Count.Globally(),
        "not_compared": (
            typed(compared[_NOT_COMPARED], int)
            | "SumNotCompared" >> beam.CombineGlobally(sum).with_output_types(int)
        ),
        "leaked_cases": (
            leaks
            | "JudgingCases" >> beam.Map(lambda pair: pair.second.case).with_output_types(str)
            | "DistinctJudging" >> beam.Distinct()
            | "CountJudging" >> beam.combiners.Count.Globally()
        ),
    }
    for name in (NATURAL, MEDICAL):
        numbers[f"{name}_to_remove"] = _write_to_remove(leaks, name, directory)
    (
        pipeline
        | "Directory" >> beam.Create([directory])
        | "WriteReport"
        >> beam.Map(
            _write,
            beam.pvalue.AsSingleton(
                found | "SumUp" >> beam.CombineGlobally(SumUp()).with_output_types(Findings)
            ),
            settings.action == "remove",
            **{name: beam.pvalue.AsSingleton(number) for name, number in numbers.items()},
        )
    )


def _write_to_remove(leaks: beam.PCollection, name: str, directory: str) -> beam.PCollection:
    """Writes the earlier cases of a data set that leak, one a line; returns their number."""
    cases = (
        leaks
        | f"Of {name}" >> beam.Filter(lambda pair: pair.first.data_set == name)
        | f"EarlierCases {name}" >> beam.Map(lambda pair: pair.first.case).with_output_types(str)
        | f"DistinctEarlier {name}" >> beam.Distinct()
    )
    _ = cases | f"WriteEarlier {name}" >> beam.io.WriteToText(to_remove_prefix(directory, name))
    return cases | f"CountEarlier {name}" >> beam.combiners.Count.Globally()


def image_records(serialized: bytes, data_set: str, split: str) -> Iterator[ImageRecord]:
    """Yields a record for each image of a raw case."""
    features = tf.train.Example.FromString(serialized).features.feature

    def text(name: str) -> str:
        return features[name].bytes_list.value[0].decode()

    for index, encoded in enumerate(features[case_features.IMAGE].bytes_list.value):
        _FINGERPRINTED.inc()
        yield ImageRecord(
            data_set,
            split,
            text(case_features.SITE),
            text(case_features.PATIENT_ID),
            text(case_features.CASE_ID),
            index,
            *image_fingerprint(encoded),
            hashlib.sha256(encoded).digest(),
        )


def _keyed(image: ImageRecord) -> Iterator[tuple[str, ImageRecord]]:
    compared = image._replace(digest=b"")
    for key in group_keys(image.bits):
        yield repr(key), compared


def _compare(group: tuple[str, Iterable[ImageRecord]], min_correlation: float) -> Iterator[Any]:
    """Yields (key, `NearDuplicate`), and how many images of a group that is too large are left."""
    sample = GroupSample(LARGEST_GROUP)
    for image in group[1]:
        sample.add(image)
    images = sample.images()
    if sample.size > len(images):
        yield beam.pvalue.TaggedOutput(_NOT_COMPARED, sample.size - len(images))
    if len(images) < 2:
        return
    yield from near_duplicates(images, min_correlation)


def _write(directory: str, found: Findings, removed: bool, **numbers: int) -> None:
    counted = {
        field.name: getattr(found, field.name)
        for field in dataclasses.fields(Findings)
        if field.name != "first"
    }
    LeakageReport(removed=removed, listed=found.listed, **counted, **numbers).write(directory)
