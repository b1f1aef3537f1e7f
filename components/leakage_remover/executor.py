"""Executor of `LeakageRemover`."""

import functools
from typing import Any

import tensorflow as tf
from tfx import types
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.types import artifact_utils

from components.leakage_check.leakage_report import read_leakage_report
from components.leakage_check.near_duplicates import NATURAL
from components.record_transforms import RewriteRecords
from schemas import case_features


class Executor(BaseBeamExecutor):
    """Copies cases, without those that leak."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes `Split-<name>/cases-*.gz`; inputs and outputs as in `LeakageRemoverSpec`."""
        examples = artifact_utils.get_single_instance(input_dict["examples"])
        kept = artifact_utils.get_single_instance(output_dict["kept_examples"])
        report = read_leakage_report(artifact_utils.get_single_uri(input_dict["leakage"]))
        is_natural = exec_properties["data_set"] == NATURAL
        left_out = report.natural_to_remove if is_natural else report.medical_to_remove
        kept.split_names = examples.split_names
        with self._make_beam_pipeline() as pipeline:
            for split in artifact_utils.decode_split_names(examples.split_names):
                _ = pipeline | f"Copy {split}" >> RewriteRecords(
                    f"{artifact_utils.get_split_uri([examples], split)}/*",
                    artifact_utils.get_split_uri([kept], split),
                    functools.partial(_is_kept, left_out=frozenset(left_out)),
                )


def _is_kept(serialized: bytes, left_out: frozenset[str]) -> bool:
    features = tf.train.Example.FromString(serialized).features.feature
    return features[case_features.CASE_ID].bytes_list.value[0].decode() not in left_out
