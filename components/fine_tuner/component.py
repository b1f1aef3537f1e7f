"""The `FineTuner` component: labelled cases and an encoder in, a servable model out."""

import json
from typing import Literal

from tfx.dsl.components.base import executor_spec
from tfx.dsl.components.base.base_component import BaseComponent
from tfx.types import BaseChannel, Channel, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from components.artifact_types import Encoder
from components.fine_tuner import executor
from trainer.operating_point import OperatingPointRule
from trainer.settings import Distribution, EncoderSettings, FineTuneSettings, to_json
from trainer.sweep_settings import SweepSettings


class FineTunerSpec(ComponentSpec):
    """What goes in and out of `FineTuner`."""

    PARAMETERS = {
        "model_name": ExecutionParameter(type=str),
        "task": ExecutionParameter(type=str),
        "classes": ExecutionParameter(type=str),
        "encoder_settings": ExecutionParameter(type=str),
        "settings": ExecutionParameter(type=str),
        "sweep": ExecutionParameter(type=str),
        "operating_point": ExecutionParameter(type=str),
        "label_fraction": ExecutionParameter(type=float),
        "seed": ExecutionParameter(type=int),
        "checkpoint_root": ExecutionParameter(type=str),
        "distribution": ExecutionParameter(type=str),
    }
    INPUTS = {
        "examples": ChannelParameter(type=standard_artifacts.Examples),
        "transform_graph": ChannelParameter(type=standard_artifacts.TransformGraph),
        "initial_encoder": ChannelParameter(type=Encoder, optional=True),
    }
    OUTPUTS = {"model": ChannelParameter(type=standard_artifacts.Model)}


class FineTuner(BaseComponent):
    """Fine-tunes an encoder, or a random network, into a model that scores cases."""

    SPEC_CLASS = FineTunerSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)

    def __init__(
        self,
        examples: BaseChannel,
        transform_graph: BaseChannel,
        model_name: str,
        task: Literal["multi_class", "multi_label"],
        classes: tuple[str, ...],
        encoder_settings: EncoderSettings,
        settings: FineTuneSettings,
        label_fraction: float,
        seed: int,
        checkpoint_root: str,
        operating_point: OperatingPointRule,
        distribution: Distribution = "auto",
        sweep: SweepSettings | None = None,
        initial_encoder: BaseChannel | None = None,
    ) -> None:
        """Describes one run of the component.

        Args:
            examples: Transformed cases with training and validation splits.
            transform_graph: Becomes part of the model, so that serving prepares images as
                training did.
            model_name: For a person: `MICLe`.
            task: Multi-class or multi-label.
            classes: In the order of the scores.
            encoder_settings: The network.
            settings: Of the training.
            label_fraction: Share of the training patients whose labels are used.
            seed: Of the drawn labels, weights, order and augmentation.
            checkpoint_root: Directory that outlives a stopped run.
            sweep: Learning rates and weight decays to try in place of those of `settings`.
            operating_point: How the threshold of each class is chosen on validation.
            distribution: The devices to train on.
            initial_encoder: Encoder to start from; None = random weights.
        """
        super().__init__(
            FineTunerSpec(
                examples=examples,
                transform_graph=transform_graph,
                initial_encoder=initial_encoder,
                model_name=model_name,
                task=task,
                classes=json.dumps(classes),
                encoder_settings=to_json(encoder_settings),
                settings=to_json(settings),
                sweep=to_json(sweep) if sweep else "",
                operating_point=to_json(operating_point),
                label_fraction=label_fraction,
                seed=seed,
                checkpoint_root=checkpoint_root,
                distribution=distribution,
                model=Channel(type=standard_artifacts.Model),
            )
        )
