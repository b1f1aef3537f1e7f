"""The Beam pipeline from transformed cases to pair examples.

Cases go through one by one; with `pair_scope: patient` at most `MAX_GROUP_IMAGES` images of a
patient are held at a time, also while they are being collected.
"""

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import apache_beam as beam
import tensorflow as tf

from components.pair_builder.group_images import (
    MAX_GROUP_IMAGES,
    GroupImage,
    images_of_case,
    sampling_rank,
    text_of,
)
from components.pair_builder.pairing import DIFFERENT_IMAGE, SINGLE_IMAGE, pairs_by_round
from components.pair_builder.rounds import PatientTally, Turn, rounds_needed, turns_of_patient
from components.pair_builder.settings import PairSettings
from schemas import case_features

ImageGroup = tuple[str, list[GroupImage]]


class Pair(NamedTuple):
    """One pair of one round, or of all.

    Attributes:
        round_number: From 0; None = in every round, of which there are several.
        site: Clinical site.
        pair_rule: `different_image` or `single_image`.
        serialized: The pair example.
    """

    round_number: int | None
    site: str
    pair_rule: str
    serialized: bytes


@dataclass(frozen=True)
class BuiltPairs:
    """What the pipeline yields.

    Attributes:
        groups: (identifier, images) of each case or patient; at most `MAX_GROUP_IMAGES` images.
        pairs: `Pair`s.
        not_drawn: One number: images of larger groups, which no pair is drawn from.
    """

    groups: beam.PCollection
    pairs: beam.PCollection
    not_drawn: beam.PCollection


def build_pairs(
    cases: beam.PCollection, settings: PairSettings, rounds: int, seed: int
) -> BuiltPairs:
    """Builds the pipeline; nothing runs before the caller runs it.

    Args:
        cases: Serialized transformed cases.
        settings: Scope, rule and cap per patient.
        rounds: Number of rounds.
        seed: Of the pairing; sharding and the number of workers change nothing.
    """
    parsed = cases | "ParseCases" >> beam.Map(tf.train.Example.FromString)
    if settings.pair_scope == "patient":
        groups = (
            parsed
            | "ImagesByPatient" >> beam.FlatMap(_images_by_patient, seed)
            | "SamplePatients"
            >> beam.CombinePerKey(
                beam.combiners.TopCombineFn(MAX_GROUP_IMAGES, key=sampling_rank, reverse=True)
            )
        )
    else:
        groups = parsed | "ImagesOfCase" >> beam.Map(_case_group, seed)
    not_drawn = (
        _group_sizes(parsed, settings.pair_scope)
        | "BeyondDraw" >> beam.Map(lambda size: max(0, size - MAX_GROUP_IMAGES))
        | "SumBeyond" >> beam.CombineGlobally(sum).with_output_types(int)
    )
    cap = settings.max_pairs_per_patient
    if cap is None:
        pairs = groups | "PairUp" >> beam.FlatMap(_pairs_in_all, settings, rounds, seed)
        return BuiltPairs(groups, pairs, not_drawn)
    turns = (
        parsed
        | "CasesOfPatients" >> beam.Map(_patient_and_case)
        | "GroupCases" >> beam.GroupByKey()
        | "DropPatient" >> beam.Values()
        | "Turns" >> beam.FlatMap(turns_of_patient, cap, seed)
    )
    pairs = groups | "PairUp" >> beam.FlatMap(
        _pairs_in_turn, settings, rounds, seed, cap, beam.pvalue.AsMultiMap(turns)
    )
    return BuiltPairs(groups, pairs, not_drawn)


def largest_need(cases: beam.PCollection, settings: PairSettings) -> beam.PCollection:
    """Returns one number: the rounds that the patient who needs most of them needs."""
    return (
        cases
        | "ParseCases" >> beam.Map(tf.train.Example.FromString)
        | "TallyCases" >> beam.Map(_tally_of_case)
        | "TallyPatients" >> beam.CombinePerKey(_sum_of_tallies)
        | "RoundsOfPatient" >> beam.Values()
        | "RoundsNeeded" >> beam.Map(rounds_needed, settings)
        | "LargestNeed" >> beam.CombineGlobally(_largest)
    )


def _largest(needs: Iterable[int]) -> int:
    return max(needs, default=1)


def _tally_of_case(case: tf.train.Example) -> tuple[str, PatientTally]:
    images = _image_count(case)
    return text_of(case, case_features.PATIENT_ID), PatientTally(1, images, images)


def _group_sizes(cases: beam.PCollection, pair_scope: str) -> beam.PCollection:
    """Returns the number of images of each group; a case is a group by itself."""
    if pair_scope == "case":
        return cases | "SizeOfCase" >> beam.Map(_image_count)
    return (
        cases
        | "PatientAndSize" >> beam.Map(_patient_and_size)
        | "SizeOfPatient" >> beam.CombinePerKey(sum)
        | "DropName" >> beam.Values()
    )


def _image_count(case: tf.train.Example) -> int:
    return len(case.features.feature[case_features.IMAGE].bytes_list.value)


def _patient_and_size(case: tf.train.Example) -> tuple[str, int]:
    return text_of(case, case_features.PATIENT_ID), _image_count(case)


def _sum_of_tallies(tallies: Iterable[PatientTally]) -> PatientTally:
    return sum(tallies, PatientTally(0, 0, 0))


def _patient_and_case(case: tf.train.Example) -> tuple[str, str]:
    return text_of(case, case_features.PATIENT_ID), text_of(case, case_features.CASE_ID)


def _images_by_patient(case: tf.train.Example, seed: int) -> Iterator[tuple[str, GroupImage]]:
    patient = text_of(case, case_features.PATIENT_ID)
    for image in images_of_case(case, seed):
        yield patient, image


def _case_group(case: tf.train.Example, seed: int) -> ImageGroup:
    images = heapq.nsmallest(MAX_GROUP_IMAGES, images_of_case(case, seed), key=sampling_rank)
    return text_of(case, case_features.CASE_ID), images


def _pairs_in_all(
    group: ImageGroup, settings: PairSettings, rounds: int, seed: int
) -> Iterator[Pair]:
    return _pairs(group, settings, range(rounds), rounds, seed)


def _pairs_in_turn(
    group: ImageGroup,
    settings: PairSettings,
    rounds: int,
    seed: int,
    cap: int,
    turns: Mapping[str, Iterable[Turn]],
) -> Iterator[Pair]:
    """Leaves out the rounds in which other cases of the patient have their turn."""
    numbers: Sequence[int] = range(rounds)
    for turn in turns[group[0]]:
        numbers = [number for number in numbers if turn.takes_part(number, cap)]
    return _pairs(group, settings, numbers, rounds, seed)


def _pairs(
    group: ImageGroup, settings: PairSettings, numbers: Sequence[int], rounds: int, seed: int
) -> Iterator[Pair]:
    """Yields the pairs of some of the rounds; one, if it is the same in all of several rounds."""
    name, drawn = group
    images = sorted(drawn, key=lambda image: (image.case_id, image.index))
    traits = [image.traits for image in images]
    chosen = list(pairs_by_round(traits, settings.pair_rule, len(numbers), seed, name))
    always_the_same = len({frozenset(pair) for pair in chosen}) == 1
    taking_part: Iterable[int | None] = numbers
    if always_the_same and len(numbers) == rounds > 1:
        taking_part, chosen = [None], chosen[:1]
    # A case of three images has few pairs and many rounds.
    made: dict[tuple[int, int], tuple[str, bytes]] = {}
    for number, (first, second) in zip(taking_part, chosen, strict=True):
        if first == second and not settings.single_image_pairs:
            return
        if (first, second) not in made:
            members = [images[first]] if first == second else [images[first], images[second]]
            made[first, second] = _pair_example(members)
        yield Pair(number, images[first].site, *made[first, second])


def _pair_example(images: list[GroupImage]) -> tuple[str, bytes]:
    """Returns the rule that made the pair, and the serialized example."""
    pair = tf.train.Example.FromString(images[0].case)
    encoded = [image.encoded for image in images]
    pair.features.feature[case_features.IMAGE].bytes_list.value.extend(encoded)
    rule = SINGLE_IMAGE if len(images) == 1 else DIFFERENT_IMAGE
    pair.features.feature[case_features.PAIR_RULE].bytes_list.value.append(rule.encode())
    return rule, pair.SerializeToString(deterministic=True)
