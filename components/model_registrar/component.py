"""The `ModelRegistrar` component: a judged candidate in, a record and perhaps a promotion out."""

import dataclasses
import json

from tfx.dsl.components.base import executor_spec
from tfx.dsl.components.base.base_component import BaseComponent
from tfx.types import BaseChannel, Channel, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from components.artifact_types import Encoder, ModelCheck
from components.model_registrar import executor
from components.model_registry.records import Lineage
from components.site_evaluator.sufficiency import SampleLimits


class ModelRegistrarSpec(ComponentSpec):
    """What goes in and out of `ModelRegistrar`."""

    PARAMETERS = {
        "registry": ExecutionParameter(type=str),
        "lineage": ExecutionParameter(type=str),
        "limits": ExecutionParameter(type=str),
    }
    INPUTS = {
        "model": ChannelParameter(type=standard_artifacts.Model),
        "evaluation": ChannelParameter(type=standard_artifacts.ModelEvaluation),
        "verdict": ChannelParameter(type=standard_artifacts.ModelEvaluation),
        "champion": ChannelParameter(type=standard_artifacts.Model),
        "check": ChannelParameter(type=ModelCheck, optional=True),
        "encoder": ChannelParameter(type=Encoder, optional=True),
    }
    OUTPUTS = {"blessing": ChannelParameter(type=standard_artifacts.ModelBlessing)}


class ModelRegistrar(BaseComponent):
    """Records a judged candidate; promotes one that passed, unless somebody must sign.

    Output `blessing` is for the standard Pusher: blessed if the candidate is champion now.
    """

    SPEC_CLASS = ModelRegistrarSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)

    def __init__(
        self,
        model: BaseChannel,
        evaluation: BaseChannel,
        verdict: BaseChannel,
        champion: BaseChannel,
        registry: str,
        lineage: Lineage,
        limits: SampleLimits,
        check: BaseChannel | None = None,
        encoder: BaseChannel | None = None,
    ) -> None:
        """Describes one run of the component.

        Args:
            model: The candidate.
            evaluation: Of the candidate.
            verdict: Of the gate on it, with the roles in which somebody must sign.
            champion: Of `ChampionSource`: what it was compared with.
            registry: Folder or bucket of the registry.
            lineage: Where the candidate comes from.
            limits: The fewest cases from which a metric is recorded.
            check: Of `ModelChecker`.
            encoder: That the candidate started from.
        """
        super().__init__(
            ModelRegistrarSpec(
                model=model,
                evaluation=evaluation,
                verdict=verdict,
                champion=champion,
                check=check,
                encoder=encoder,
                registry=registry,
                lineage=json.dumps(dataclasses.asdict(lineage), sort_keys=True),
                limits=json.dumps(dataclasses.asdict(limits), sort_keys=True),
                blessing=Channel(type=standard_artifacts.ModelBlessing),
            )
        )
