"""Reads the training split, writes shards of each round and of all rounds, and the statistics."""

import json
from typing import Any

import apache_beam as beam
from apache_beam.io.filesystems import FileSystems
from apache_beam.metrics import Metrics
from tfx import types
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.types import artifact_utils

from components.pair_builder.building import Pair, build_pairs, largest_need
from components.pair_builder.settings import PairSettings
from components.pair_builder.statistics import count, write_statistics
from components.record_transforms import ReadRecords, WriteRecords
from schemas import case_features

_WRITTEN = Metrics.counter("pairs", "pairs_written")


class Executor(BaseBeamExecutor):
    """Executor of `PairBuilder`."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes `Split-train/pairs-*.gz`, and `pair_statistics.json` beside."""
        settings = PairSettings(**json.loads(exec_properties["settings"]))
        examples = artifact_utils.get_single_instance(input_dict["examples"])
        pairs_artifact = artifact_utils.get_single_instance(output_dict["pairs"])
        cases_pattern = artifact_utils.get_split_uri([examples], case_features.TRAIN) + "/*"
        pairs_artifact.split_names = artifact_utils.encode_split_names([case_features.TRAIN])
        directory = artifact_utils.get_split_uri([pairs_artifact], case_features.TRAIN)
        rounds = settings.rounds
        if rounds == "auto":
            rounds = self._rounds_needed(cases_pattern, settings, pairs_artifact.uri)
        with self._make_beam_pipeline() as pipeline:
            cases = pipeline | "ReadCases" >> ReadRecords(cases_pattern)
            built = build_pairs(cases, settings, rounds, exec_properties["seed"])
            write_rounds(built.pairs, directory, rounds)
            statistics = artifact_utils.get_single_uri(output_dict["statistics"])
            write_statistics(
                pipeline,
                count(built, rounds),
                built.not_drawn,
                settings.pair_scope,
                rounds,
                statistics,
            )

    def _rounds_needed(self, cases_pattern: str, settings: PairSettings, directory: str) -> int:
        """Runs a pipeline of its own: the number of rounds decides the shape of the next one."""
        number = f"{directory}/rounds_needed"
        with self._make_beam_pipeline() as pipeline:
            cases = pipeline | "ReadCases" >> ReadRecords(cases_pattern)
            (
                largest_need(cases, settings)
                | "WriteNumber" >> beam.io.WriteToText(number, shard_name_template="")
            )
        with FileSystems.open(number) as file:
            return int(file.read())


def write_rounds(pairs: beam.PCollection, directory: str, rounds: int) -> None:
    """Writes the pairs of each round, and those of every round, to shards of their own."""
    names = [f"round-{number:05d}" for number in range(rounds)] + ["every-round"]
    parts = pairs | "ByRound" >> beam.Partition(_place, len(names))
    for name, part in zip(names, parts, strict=True):
        (
            part
            | f"Serialized {name}" >> beam.Map(_serialized)
            | f"Write {name}" >> WriteRecords(f"{directory}/pairs-{name}")
        )


def _place(pair: Pair, places: int) -> int:
    return places - 1 if pair.round_number is None else pair.round_number


def _serialized(pair: Pair) -> bytes:
    _WRITTEN.inc()
    return pair.serialized
