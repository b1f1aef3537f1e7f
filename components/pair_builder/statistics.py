"""What was paired, by site: `pair_statistics.json`."""

import json
from collections.abc import Iterable
from typing import Any

import apache_beam as beam
import tensorflow as tf

from components.pair_builder.building import BuiltPairs, ImageGroup, Pair
from components.pair_builder.pairing import DIFFERENT_IMAGE

STATISTICS = "pair_statistics.json"

Counted = tuple[tuple[str, str], int]
"""((site, what is counted), number)."""

GROUPS = "groups"
IMAGES = "images"
SEVERAL_IMAGE_GROUPS = "several_image_groups"
PAIRS_PER_GROUP = "pairs_per_group"


def count(built: BuiltPairs, rounds: int) -> beam.PCollection:
    """Returns `Counted`: groups, their images, and pairs by rule over all rounds, of each site.

    A group (a patient) of several sites counts at the one of its first image by rank.
    """
    return (
        (
            built.groups | "TallyGroups" >> beam.FlatMap(_tallies_of_group),
            built.pairs | "TallyPairs" >> beam.Map(_tally_of_pair, rounds),
        )
        | "AllTallies" >> beam.Flatten()
        | "SumTallies" >> beam.CombinePerKey(_total)
    )


def _tallies_of_group(group: ImageGroup) -> Iterable[Counted]:
    _, images = group
    site = min(images, key=lambda image: image.rank).site
    yield (site, GROUPS), 1
    yield (site, IMAGES), len(images)
    yield (site, SEVERAL_IMAGE_GROUPS), int(len(images) > 1)


def _tally_of_pair(pair: Pair, rounds: int) -> Counted:
    return (pair.site, pair.pair_rule), rounds if pair.round_number is None else 1


def _total(numbers: Iterable[int]) -> int:
    """Adds up, with a type: of `sum` itself Beam knows none."""
    return sum(numbers)


def summary(
    counts: Iterable[Counted], not_drawn: int, pair_scope: str, rounds: int
) -> dict[str, Any]:
    """Returns the content of `pair_statistics.json`; a group is a case or patient, by the scope.

    `not_drawn` is the number of images of too large groups that no pair is drawn from, over all
    sites; `images` counts those that pairs are drawn from. `pairs_per_group` counts pairs of two
    images, over all rounds: of all sites together, and of each.
    """
    sites: dict[str, dict[str, float]] = {}
    for (site, counted), number in sorted(counts):
        sites.setdefault(site, {})[counted] = number
    for numbers in sites.values():
        # A patient's pairs may count at a site at which no group does.
        groups = numbers.get(GROUPS, 0)
        if groups:
            share = numbers[SEVERAL_IMAGE_GROUPS] / groups
            numbers["several_image_share"] = round(share, 4)
            numbers["images_per_group"] = round(numbers[IMAGES] / groups, 2)
            numbers[PAIRS_PER_GROUP] = round(numbers.get(DIFFERENT_IMAGE, 0) / groups, 2)
    groups, pairs = (
        sum(numbers.get(counted, 0) for numbers in sites.values())
        for counted in (GROUPS, DIFFERENT_IMAGE)
    )
    return {
        "pair_scope": pair_scope,
        "rounds": rounds,
        "not_drawn": not_drawn,
        PAIRS_PER_GROUP: round(pairs / groups, 2) if groups else None,
        "sites": sites,
    }


def write_statistics(
    pipeline: beam.Pipeline,
    counts: beam.PCollection,
    not_drawn: beam.PCollection,
    pair_scope: str,
    rounds: int,
    directory: str,
) -> None:
    """Writes `pair_statistics.json`; the counts are as few as sites, `not_drawn` is one number."""
    (
        pipeline
        | "Directory" >> beam.Create([directory])
        | "WriteStatistics"
        >> beam.Map(
            _write,
            pair_scope,
            rounds,
            beam.pvalue.AsList(counts),
            beam.pvalue.AsSingleton(not_drawn),
        )
    )


def read_pair_statistics(directory: str) -> dict[str, Any]:
    """Reads `pair_statistics.json` from a directory."""
    with tf.io.gfile.GFile(f"{directory}/{STATISTICS}") as file:
        values: dict[str, Any] = json.loads(file.read())
        return values


def _write(
    directory: str, pair_scope: str, rounds: int, counts: list[Counted], not_drawn: int
) -> None:
    tf.io.gfile.makedirs(directory)
    with tf.io.gfile.GFile(f"{directory}/{STATISTICS}", "w") as file:
        file.write(json.dumps(summary(counts, not_drawn, pair_scope, rounds), indent=2) + "\n")
