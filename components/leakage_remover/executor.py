"""Executor of `LeakageRemover`."""

from typing import Any

import tensorflow as tf
from tfx import types
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.types import artifact_utils

from components.leakage_check.leakage_report import read_to_remove
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
        leakage = artifact_utils.get_single_uri(input_dict["leakage"])
        is_kept = _IsKept(leakage, exec_properties["data_set"])
        kept.split_names = examples.split_names
        with self._make_beam_pipeline() as pipeline:
            for split in artifact_utils.decode_split_names(examples.split_names):
                _ = pipeline | f"Copy {split}" >> RewriteRecords(
                    f"{artifact_utils.get_split_uri([examples], split)}/*",
                    artifact_utils.get_split_uri([kept], split),
                    is_kept,
                )


class _IsKept:
    """Says of a serialized case whether it stays.

    A worker reads the names of what does not when it meets its first case: there may be too many
    to send along with the pipeline.
    """

    def __init__(self, leakage: str, data_set: str) -> None:
        self._leakage = leakage
        self._data_set = data_set
        self._left_out: frozenset[str] | None = None

    def __call__(self, serialized: bytes) -> bool:
        if self._left_out is None:
            self._left_out = frozenset(read_to_remove(self._leakage, self._data_set))
        features = tf.train.Example.FromString(serialized).features.feature
        return features[case_features.CASE_ID].bytes_list.value[0].decode() not in self._left_out
