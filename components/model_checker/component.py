"""The `ModelChecker` component: a model and its predictions in, a check of its serving out."""

from tfx.dsl.components.base import executor_spec
from tfx.dsl.components.base.base_component import BaseComponent
from tfx.types import BaseChannel, Channel, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from components.artifact_types import ModelCheck
from components.model_checker import executor
from components.model_checker.settings import ModelCheckSettings
from trainer.settings import to_json


class ModelCheckerSpec(ComponentSpec):
    """What goes in and out of `ModelChecker`."""

    PARAMETERS = {"settings": ExecutionParameter(type=str)}
    INPUTS = {
        "examples": ChannelParameter(type=standard_artifacts.Examples),
        "model": ChannelParameter(type=standard_artifacts.Model),
        "predictions": ChannelParameter(type=standard_artifacts.InferenceResult),
    }
    OUTPUTS = {"check": ChannelParameter(type=ModelCheck)}


class ModelChecker(BaseComponent):
    """Checks a model as it would be served; takes the place of TFX's InfraValidator.

    That one does not exist for Kubeflow's second version and needs a Docker daemon elsewhere.
    """

    SPEC_CLASS = ModelCheckerSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)

    def __init__(
        self,
        examples: BaseChannel,
        model: BaseChannel,
        predictions: BaseChannel,
        settings: ModelCheckSettings,
    ) -> None:
        """Describes one run of the component.

        Args:
            examples: Raw cases.
            model: Of `FineTuner`.
            predictions: Of `CasePredictor` with this model on these cases.
            settings: How to check.
        """
        super().__init__(
            ModelCheckerSpec(
                examples=examples,
                model=model,
                predictions=predictions,
                settings=to_json(settings),
                check=Channel(type=ModelCheck),
            )
        )
