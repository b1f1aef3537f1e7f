"""Reads the training split, writes one set of shards per round, and the statistics."""

import json
from typing import Any

import apache_beam as beam
import tensorflow as tf
from tfx import types
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.types import artifact_utils

from components.pair_builder.building import build_pairs, count_pairs
from components.pair_builder.settings import PairSettings
from schemas import case_features

STATISTICS = "pair_statistics.json"


class Executor(BaseBeamExecutor):
    """Executor of `PairBuilder`."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes `Split-train/pairs-round-*.gz` and `pair_statistics.json`."""
        settings = PairSettings(**json.loads(exec_properties["settings"]))
        examples = artifact_utils.get_single_instance(input_dict["examples"])
        pairs_artifact = artifact_utils.get_single_instance(output_dict["pairs"])
        cases_pattern = artifact_utils.get_split_uri([examples], case_features.TRAIN) + "/*"
        pairs_artifact.split_names = artifact_utils.encode_split_names([case_features.TRAIN])
        directory = artifact_utils.get_split_uri([pairs_artifact], case_features.TRAIN)
        with self._make_beam_pipeline() as pipeline:
            cases = pipeline | "ReadCases" >> beam.io.ReadFromTFRecord(cases_pattern)
            pairs = build_pairs(cases, settings, exec_properties["seed"])
            write_rounds(pairs, directory, settings.rounds)
            write_statistics(pipeline, pairs, pairs_artifact.uri)


def write_rounds(pairs: beam.PCollection, directory: str, rounds: int) -> None:
    """Writes the pairs of each round to shards of its own."""
    parts = pairs | "ByRound" >> beam.Partition(lambda pair, _: pair[0], rounds)
    for number, part in enumerate(parts):
        (
            part
            | f"Values{number}" >> beam.Values()
            | f"WriteRound{number}"
            >> beam.io.WriteToTFRecord(
                f"{directory}/pairs-round-{number:05d}", file_name_suffix=".gz"
            )
        )


def write_statistics(pipeline: beam.Pipeline, pairs: beam.PCollection, directory: str) -> None:
    """Writes the number of pairs by site and rule."""
    (
        pipeline
        | "Directory" >> beam.Create([directory])
        | "WriteStatistics" >> beam.Map(_write_statistics, beam.pvalue.AsList(count_pairs(pairs)))
    )


def _write_statistics(directory: str, counts: list[tuple[tuple[str, str], int]]) -> None:
    by_site: dict[str, dict[str, int]] = {}
    for (site, rule), number in sorted(counts):
        by_site.setdefault(site, {})[rule] = number
    tf.io.gfile.makedirs(directory)
    with tf.io.gfile.GFile(f"{directory}/{STATISTICS}", "w") as file:
        file.write(json.dumps(by_site, indent=2) + "\n")
