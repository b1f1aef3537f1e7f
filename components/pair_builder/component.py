"""The `PairBuilder` component: transformed cases in, pairs of images for MICLe out."""

from tfx.dsl.components.base import executor_spec
from tfx.dsl.components.base.base_beam_component import BaseBeamComponent
from tfx.types import BaseChannel, Channel, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from components.artifact_types import PairStatistics
from components.pair_builder import executor
from components.pair_builder.settings import PairSettings
from trainer.settings import to_json


class PairBuilderSpec(ComponentSpec):
    """What goes in and out of `PairBuilder`."""

    PARAMETERS = {
        "settings": ExecutionParameter(type=str),
        "seed": ExecutionParameter(type=int),
    }
    INPUTS = {"examples": ChannelParameter(type=standard_artifacts.Examples)}
    OUTPUTS = {
        "pairs": ChannelParameter(type=standard_artifacts.Examples),
        "statistics": ChannelParameter(type=PairStatistics),
    }


class PairBuilder(BaseBeamComponent):
    """Pairs images of one case (or patient) for contrastive pretraining.

    Output `pairs` has the training split only, in rounds; see `PairSettings`. Output `statistics`
    is apart, so that who reads it need not fetch the pairs.
    """

    SPEC_CLASS = PairBuilderSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(executor.Executor)

    def __init__(self, examples: BaseChannel, settings: PairSettings, seed: int) -> None:
        """Describes one run of the component.

        Args:
            examples: Transformed cases with a training split.
            settings: Which images make a pair.
            seed: Of the pairing.
        """
        super().__init__(
            PairBuilderSpec(
                examples=examples,
                settings=to_json(settings),
                seed=seed,
                pairs=Channel(type=standard_artifacts.Examples),
                statistics=Channel(type=PairStatistics),
            )
        )
