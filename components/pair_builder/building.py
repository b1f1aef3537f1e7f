"""The Beam pipeline from transformed cases to pair examples, and the statistics of the pairs."""

from collections.abc import Iterable, Iterator
from typing import Any

import apache_beam as beam
import tensorflow as tf

from components.pair_builder.pairing import DIFFERENT_IMAGE, SINGLE_IMAGE, pairs_by_round
from components.pair_builder.settings import PairSettings
from schemas import case_features

_COPIED_FEATURES = (
    case_features.CASE_ID,
    case_features.PATIENT_ID,
    case_features.SITE,
    case_features.PIXEL_MEAN,
    case_features.PIXEL_STD,
)


def build_pairs(cases: beam.PCollection, settings: PairSettings, seed: int) -> beam.PCollection:
    """Returns (round, serialized pair example) for every case or patient and every round.

    Args:
        cases: Serialized transformed cases.
        settings: Scope, rule and rounds.
        seed: Of the pairing; sharding and the number of workers change nothing.
    """
    parsed = cases | "ParseCases" >> beam.Map(tf.train.Example.FromString)
    if settings.pair_scope == "patient":
        groups = (
            parsed
            | "KeyByPatient" >> beam.Map(lambda case: (_text(case, case_features.PATIENT_ID), case))
            | "GroupByPatient" >> beam.GroupByKey()
        )
    else:
        groups = parsed | "KeyByCase" >> beam.Map(
            lambda case: (_text(case, case_features.CASE_ID), [case])
        )
    return groups | "PairUp" >> beam.FlatMap(_pairs_of_group, settings, seed)


def _pairs_of_group(
    group: tuple[str, Iterable[tf.train.Example]], settings: PairSettings, seed: int
) -> Iterator[tuple[int, bytes]]:
    name, cases = group
    ordered = sorted(cases, key=lambda case: _text(case, case_features.CASE_ID))
    images = [
        (case, image, view)
        for case in ordered
        for image, view in zip(
            case.features.feature[case_features.IMAGE].bytes_list.value,
            case.features.feature[case_features.VIEW].bytes_list.value,
            strict=True,
        )
    ]
    views = [view.decode() for _, _, view in images]
    pairs = pairs_by_round(views, settings.pair_rule, settings.rounds, seed, name)
    for round_number, (first, second) in enumerate(pairs):
        case = images[first][0]
        members = [images[first][1]] if first == second else [images[first][1], images[second][1]]
        yield round_number, _pair_example(case, members).SerializeToString(deterministic=True)


def _pair_example(case: tf.train.Example, images: list[bytes]) -> tf.train.Example:
    pair = tf.train.Example()
    for name in _COPIED_FEATURES:
        pair.features.feature[name].CopyFrom(case.features.feature[name])
    pair.features.feature[case_features.IMAGE].bytes_list.value.extend(images)
    rule = SINGLE_IMAGE if len(images) == 1 else DIFFERENT_IMAGE
    pair.features.feature[case_features.PAIR_RULE].bytes_list.value.append(rule.encode())
    return pair


def count_pairs(pairs: beam.PCollection) -> beam.PCollection:
    """Returns ((site, pair rule), number of pairs)."""
    return (
        pairs
        | "SiteAndRule" >> beam.Map(_site_and_rule)
        | "CountPairs" >> beam.combiners.Count.PerElement()
    )


def _site_and_rule(pair: tuple[int, bytes]) -> tuple[str, str]:
    example = tf.train.Example.FromString(pair[1])
    return _text(example, case_features.SITE), _text(example, case_features.PAIR_RULE)


def _text(example: Any, feature: str) -> str:
    return example.features.feature[feature].bytes_list.value[0].decode()
