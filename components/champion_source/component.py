"""The `ChampionSource` component: the registry's champion as a model to compare with."""

from tfx.dsl.components.base import executor_spec
from tfx.dsl.components.base.base_component import BaseComponent
from tfx.types import BaseChannel, Channel, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from components.champion_source import executor


class ChampionSourceSpec(ComponentSpec):
    """What goes in and out of `ChampionSource`."""

    PARAMETERS = {
        "registry": ExecutionParameter(type=str),
        "registry_state": ExecutionParameter(type=str),
    }
    INPUTS = {"model": ChannelParameter(type=standard_artifacts.Model)}
    OUTPUTS = {"champion": ChannelParameter(type=standard_artifacts.Model)}


class ChampionSource(BaseComponent):
    """Takes the champion out of the registry; in place of TFX's Resolver.

    Output `champion` is a model, or an `AbsentModel` that says why there is none: no champion yet,
    or one for other classes. The components behind it hand the absence on. Beside the model stands
    where it comes from, `champion_lineage.json`.
    """

    SPEC_CLASS = ChampionSourceSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)

    def __init__(self, model: BaseChannel, registry: str, registry_state: str) -> None:
        """Describes one run of the component.

        Args:
            model: The candidate that will be compared with the champion.
            registry: Folder or bucket of the registry.
            registry_state: Changes when the candidate would meet another champion, so that a cached
                result never hides one, see `RegistryState.comparison_key`. Where the registry
                cannot be read beforehand, any constant: then the candidate alone decides.
        """
        super().__init__(
            ChampionSourceSpec(
                model=model,
                registry=registry,
                registry_state=registry_state,
                champion=Channel(type=standard_artifacts.Model),
            )
        )
