"""The `ContrastivePretrainer` component: images or pairs in, an encoder out."""

import json
from typing import Literal

from tfx.dsl.components.base import executor_spec
from tfx.dsl.components.base.base_component import BaseComponent
from tfx.types import BaseChannel, Channel, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from components.artifact_types import Encoder
from components.contrastive_pretrainer import executor
from schemas.case_features import Task
from trainer.settings import ContrastiveSettings, Distribution, EncoderSettings, to_json
from trainer.watch_settings import WatchSettings


class ContrastivePretrainerSpec(ComponentSpec):
    """What goes in and out of `ContrastivePretrainer`."""

    PARAMETERS = {
        "method": ExecutionParameter(type=str),
        "trained_on": ExecutionParameter(type=str),
        "encoder_settings": ExecutionParameter(type=str),
        "settings": ExecutionParameter(type=str),
        "seed": ExecutionParameter(type=int),
        "checkpoint_root": ExecutionParameter(type=str),
        "distribution": ExecutionParameter(type=str),
        "watch_settings": ExecutionParameter(type=str),
        "watch_task": ExecutionParameter(type=str),
        "watch_classes": ExecutionParameter(type=str),
    }
    INPUTS = {
        "examples": ChannelParameter(type=standard_artifacts.Examples),
        "initial_encoder": ChannelParameter(type=Encoder, optional=True),
        "watch_examples": ChannelParameter(type=standard_artifacts.Examples, optional=True),
    }
    OUTPUTS = {"encoder": ChannelParameter(type=Encoder)}


class ContrastivePretrainer(BaseComponent):
    """Pretrains an encoder by SimCLR (transformed cases in) or MICLe (pairs in)."""

    SPEC_CLASS = ContrastivePretrainerSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)

    def __init__(
        self,
        examples: BaseChannel,
        method: Literal["simclr", "micle"],
        trained_on: str,
        encoder_settings: EncoderSettings,
        settings: ContrastiveSettings,
        seed: int,
        checkpoint_root: str,
        watch_settings: WatchSettings,
        distribution: Distribution = "auto",
        initial_encoder: BaseChannel | None = None,
        watch_examples: BaseChannel | None = None,
        watch_task: Task = "multi_class",
        watch_classes: tuple[str, ...] = (),
    ) -> None:
        """Describes one run of the component.

        Args:
            examples: Transformed cases for `simclr`, pairs for `micle`.
            method: Decides how `examples` are read.
            trained_on: What the images are, for a person: `natural images`.
            encoder_settings: The network.
            settings: Of the training.
            seed: Of weights, order and augmentation.
            checkpoint_root: Directory that outlives a stopped run; each training keeps its
                checkpoints in a folder named by the fingerprint of its settings and data.
            distribution: The devices to train on.
            watch_settings: How often the embeddings are measured, and on how many cases.
            initial_encoder: Encoder to start from.
            watch_examples: Labelled transformed cases with training and validation splits. Their
                labels serve watching alone; no weight depends on them.
            watch_task: Of these labels.
            watch_classes: Of these labels.
        """
        super().__init__(
            ContrastivePretrainerSpec(
                examples=examples,
                initial_encoder=initial_encoder,
                watch_examples=watch_examples,
                method=method,
                trained_on=trained_on,
                encoder_settings=to_json(encoder_settings),
                settings=to_json(settings),
                seed=seed,
                checkpoint_root=checkpoint_root,
                distribution=distribution,
                watch_settings=to_json(watch_settings),
                watch_task=watch_task,
                watch_classes=json.dumps(watch_classes),
                encoder=Channel(type=Encoder),
            )
        )
