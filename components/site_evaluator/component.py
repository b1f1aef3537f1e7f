"""The TFX component `SiteEvaluator`."""

import dataclasses
import json

from tfx import types
from tfx.dsl.components.base import base_beam_component, executor_spec
from tfx.types import component_spec, standard_artifacts

from components.site_evaluator.executor import Executor
from components.site_evaluator.sufficiency import SampleLimits
from schemas.case_features import TEST


class SiteEvaluatorSpec(component_spec.ComponentSpec):
    """What goes in and out."""

    PARAMETERS = {
        "slice_features": component_spec.ExecutionParameter(type=str),
        "seed": component_spec.ExecutionParameter(type=int),
        "split": component_spec.ExecutionParameter(type=str),
        "limits": component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {
        "predictions": component_spec.ChannelParameter(type=standard_artifacts.InferenceResult),
        "candidate_predictions": component_spec.ChannelParameter(
            type=standard_artifacts.InferenceResult, optional=True
        ),
    }
    OUTPUTS = {
        "evaluation": component_spec.ChannelParameter(type=standard_artifacts.ModelEvaluation),
    }


class SiteEvaluator(base_beam_component.BaseBeamComponent):
    """Evaluates predictions on the test (or validation) split, by site and patient group.

    The output holds TFMA's files and the predictions' card; `reader.load_evaluation` reads it.
    """

    SPEC_CLASS = SiteEvaluatorSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(Executor)

    def __init__(
        self,
        predictions: types.BaseChannel,
        limits: SampleLimits,
        slice_features: str = "[]",
        seed: int = 0,
        split: str = TEST,
        candidate_predictions: types.BaseChannel | None = None,
    ) -> None:
        """Makes the component.

        Args:
            predictions: Of `CasePredictor` (`InferenceResult`).
            limits: With fewer cases a class is in no mean over classes; the report's own.
            slice_features: JSON list of crossings beside the standard slices (all cases, site,
                distribution, sex, age group, view, image count): `[["scanner"], ["site", "sex"]]`.
            seed: Of the patient bootstrap, 0 or more; the same for models to be compared.
            split: `test`, with the held-out sites, or `validation`, to tune on.
            candidate_predictions: Of a model that may take this one's place, on the same cases: the
                evaluation then counts the cases that it newly finds, misses, marks and clears.
        """
        super().__init__(
            spec=SiteEvaluatorSpec(
                predictions=predictions,
                candidate_predictions=candidate_predictions,
                slice_features=slice_features,
                seed=seed,
                split=split,
                limits=json.dumps(dataclasses.asdict(limits), sort_keys=True),
                evaluation=types.Channel(type=standard_artifacts.ModelEvaluation),
            )
        )
