"""The `CasePredictor` component: cases and a model in, scores out."""

import json
from collections.abc import Sequence

from tfx.dsl.components.base import executor_spec
from tfx.dsl.components.base.base_component import BaseComponent
from tfx.types import BaseChannel, Channel, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from components.case_predictor import executor
from schemas.case_features import SHIFTED, TEST, VALIDATION

SCORED_SPLITS = (VALIDATION, TEST, SHIFTED)


class CasePredictorSpec(ComponentSpec):
    """What goes in and out of `CasePredictor`."""

    PARAMETERS = {
        "batch_size": ExecutionParameter(type=int),
        "splits": ExecutionParameter(type=str),
    }
    INPUTS = {
        "examples": ChannelParameter(type=standard_artifacts.Examples),
        "model": ChannelParameter(type=standard_artifacts.Model),
    }
    OUTPUTS = {"predictions": ChannelParameter(type=standard_artifacts.InferenceResult)}


class CasePredictor(BaseComponent):
    """Scores every case of the validation, test and shifted splits, or of some of these, once.

    It reads raw cases through the very signature that serving uses, so that what is evaluated is
    what will be deployed, preprocessing included.
    """

    SPEC_CLASS = CasePredictorSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)

    def __init__(
        self,
        examples: BaseChannel,
        model: BaseChannel,
        splits: Sequence[str] = SCORED_SPLITS,
        batch_size: int = 32,
    ) -> None:
        """Describes one run of the component.

        Args:
            examples: Raw cases.
            model: Of `FineTuner`.
            splits: Those to score; one that the examples lack is passed over.
            batch_size: Cases scored at a time.
        """
        super().__init__(
            CasePredictorSpec(
                examples=examples,
                model=model,
                batch_size=batch_size,
                splits=json.dumps(list(splits)),
                predictions=Channel(type=standard_artifacts.InferenceResult),
            )
        )
