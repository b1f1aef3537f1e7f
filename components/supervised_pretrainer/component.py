"""The `SupervisedPretrainer` component: labelled images in, an encoder out."""

import json

from tfx.dsl.components.base import executor_spec
from tfx.dsl.components.base.base_component import BaseComponent
from tfx.types import BaseChannel, Channel, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from components.artifact_types import Encoder
from components.supervised_pretrainer import executor
from trainer.settings import Distribution, EncoderSettings, FineTuneSettings, to_json


class SupervisedPretrainerSpec(ComponentSpec):
    """What goes in and out of `SupervisedPretrainer`."""

    PARAMETERS = {
        "classes": ExecutionParameter(type=str),
        "trained_on": ExecutionParameter(type=str),
        "encoder_settings": ExecutionParameter(type=str),
        "settings": ExecutionParameter(type=str),
        "seed": ExecutionParameter(type=int),
        "checkpoint_root": ExecutionParameter(type=str),
        "distribution": ExecutionParameter(type=str),
    }
    INPUTS = {"examples": ChannelParameter(type=standard_artifacts.Examples)}
    OUTPUTS = {"encoder": ChannelParameter(type=Encoder)}


class SupervisedPretrainer(BaseComponent):
    """Trains a random network to name the class of an image, and keeps its encoder."""

    SPEC_CLASS = SupervisedPretrainerSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)

    def __init__(
        self,
        examples: BaseChannel,
        classes: tuple[str, ...],
        trained_on: str,
        encoder_settings: EncoderSettings,
        settings: FineTuneSettings,
        seed: int,
        checkpoint_root: str,
        distribution: Distribution = "auto",
    ) -> None:
        """Describes one run of the component.

        Args:
            examples: Transformed images with one label each, training and validation splits.
            classes: In the order of the labels' indices.
            trained_on: What the images are, for a person: `natural images`.
            encoder_settings: The network.
            settings: Of the training.
            seed: Of weights, order and augmentation.
            checkpoint_root: Directory that outlives a stopped run.
            distribution: The devices to train on.
        """
        super().__init__(
            SupervisedPretrainerSpec(
                examples=examples,
                classes=json.dumps(classes),
                trained_on=trained_on,
                encoder_settings=to_json(encoder_settings),
                settings=to_json(settings),
                seed=seed,
                checkpoint_root=checkpoint_root,
                distribution=distribution,
                encoder=Channel(type=Encoder),
            )
        )
