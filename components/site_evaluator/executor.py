"""Executor of `SiteEvaluator`."""

import json
from typing import Any

from tfx import types
from tfx.dsl.components.base import base_beam_executor
from tfx.types import artifact_utils

from components.absent_model import read_absent
from components.site_evaluator.evaluation import evaluate_predictions
from components.site_evaluator.reader import load_evaluation
from components.site_evaluator.sufficiency import SampleLimits


class Executor(base_beam_executor.BaseBeamExecutor):
    """Evaluates predictions in Beam."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Runs the evaluation, or hands on that there is no model.

        Inputs, outputs and parameters as in `SiteEvaluatorSpec`.

        Raises:
            UserError: There are no predictions, none in an evaluated split, `slice_features` is
                malformed, or the two models were not scored on the same cases.
        """
        predictions_uri = artifact_utils.get_single_uri(input_dict["predictions"])
        evaluation_uri = artifact_utils.get_single_uri(output_dict["evaluation"])
        absent = read_absent(predictions_uri)
        if absent is not None:
            absent.write(evaluation_uri)
            return
        candidate = input_dict.get("candidate_predictions")
        with self._make_beam_pipeline() as pipeline:
            evaluate_predictions(
                predictions_uri=predictions_uri,
                evaluation_uri=evaluation_uri,
                pipeline=pipeline,
                limits=SampleLimits(**json.loads(exec_properties["limits"])),
                slice_features=exec_properties["slice_features"],
                seed=exec_properties["seed"],
                split=exec_properties["split"],
                candidate_uri=artifact_utils.get_single_uri(candidate) if candidate else None,
            )
        # Fails here, and not only in a later step, if no case was in an evaluated split.
        load_evaluation(evaluation_uri)
