"""The `LeakageCheck` component: raw cases in, near-duplicates across splits out."""

from tfx.dsl.components.base import executor_spec
from tfx.dsl.components.base.base_beam_component import BaseBeamComponent
from tfx.types import BaseChannel, Channel, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from components.artifact_types import IngestionReport, Leakage
from components.leakage_check import executor
from components.leakage_check.settings import LeakageSettings
from trainer.settings import to_json


class LeakageCheckSpec(ComponentSpec):
    """What goes in and out of `LeakageCheck`."""

    PARAMETERS = {"settings": ExecutionParameter(type=str)}
    INPUTS = {
        "examples": ChannelParameter(type=standard_artifacts.Examples),
        "ingestion_report": ChannelParameter(type=IngestionReport),
        "natural_examples": ChannelParameter(type=standard_artifacts.Examples, optional=True),
    }
    OUTPUTS = {"leakage": ChannelParameter(type=Leakage)}


class LeakageCheck(BaseBeamComponent):
    """Looks for nearly the same image in two splits, at two sites, or of two patients."""

    SPEC_CLASS = LeakageCheckSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(executor.Executor)

    def __init__(
        self,
        examples: BaseChannel,
        ingestion_report: BaseChannel,
        settings: LeakageSettings,
        natural_examples: BaseChannel | None = None,
    ) -> None:
        """Describes one run of the component.

        Args:
            examples: Raw medical cases (`Examples`).
            ingestion_report: Of these, with the patients who share an image.
            settings: When two images count as the same, and what follows.
            natural_examples: Raw natural images of the paper's step 1.
        """
        super().__init__(
            LeakageCheckSpec(
                examples=examples,
                ingestion_report=ingestion_report,
                natural_examples=natural_examples,
                settings=to_json(settings),
                leakage=Channel(type=Leakage),
            )
        )
