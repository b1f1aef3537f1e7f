"""The `LeakageRemover` component: cases and what leaks in, the other cases out."""

from tfx.dsl.components.base import executor_spec
from tfx.dsl.components.base.base_beam_component import BaseBeamComponent
from tfx.types import BaseChannel, Channel, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from components.artifact_types import Leakage
from components.leakage_remover import executor


class LeakageRemoverSpec(ComponentSpec):
    """What goes in and out of `LeakageRemover`."""

    PARAMETERS = {"data_set": ExecutionParameter(type=str)}
    INPUTS = {
        "examples": ChannelParameter(type=standard_artifacts.Examples),
        "leakage": ChannelParameter(type=Leakage),
    }
    OUTPUTS = {"kept_examples": ChannelParameter(type=standard_artifacts.Examples)}


class LeakageRemover(BaseBeamComponent):
    """Leaves out cases of an earlier split whose image a later split holds too."""

    SPEC_CLASS = LeakageRemoverSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(executor.Executor)

    def __init__(
        self,
        examples: BaseChannel,
        leakage: BaseChannel,
        data_set: str,
    ) -> None:
        """Describes one run of the component.

        Args:
            examples: Raw cases (`Examples`).
            leakage: Of `LeakageCheck`.
            data_set: Which the cases are: `natural` or `medical`.
        """
        super().__init__(
            LeakageRemoverSpec(
                examples=examples,
                leakage=leakage,
                data_set=data_set,
                kept_examples=Channel(type=standard_artifacts.Examples),
            )
        )
