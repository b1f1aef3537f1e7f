"""`micle pretrain`."""

from typing import Any

import click
import tensorflow as tf
from tfx import types
from tfx.types import artifact_utils, channel_utils, standard_artifacts

from components.artifact_types import Encoder
from components.contrastive_pretrainer.component import ContrastivePretrainer
from components.contrastive_pretrainer.executor import Executor
from components.kubeflow_entrypoint.structured_logs import log_as_json
from pipeline.configuration import Configuration, load_configuration
from trainer.distribution import is_chief
from trainer.errors import UserError


def pretrain_command(
    path: str,
    *,
    step: int,
    examples: str,
    output: str,
    checkpoints: str,
    initial_encoder: str | None,
) -> None:
    """Does one pretraining step as the pipeline would, on records that it has written.

    Args:
        path: Of the configuration.
        step: Its number in `pretraining`, from 1.
        examples: Folder of the records, with a `Split-train` in it.
        output: Folder to write the encoder to.
        checkpoints: Folder that outlives the process; for several workers, one that they share.
        initial_encoder: Folder of the encoder to start from.

    Raises:
        UserError: The configuration has no such step, or the data and settings do not fit.
    """
    log_as_json(f"pretrain-{step}")
    configuration = load_configuration(path)
    records = _examples(examples)
    inputs: dict[str, list[types.Artifact]] = {"examples": [records]}
    if initial_encoder is not None:
        given = Encoder()
        given.uri = initial_encoder
        inputs["initial_encoder"] = [given]
    encoder = Encoder()
    encoder.uri = output
    Executor().Do(
        inputs,
        {"encoder": [encoder]},
        _execution_properties(configuration, step, records, checkpoints),
    )
    if is_chief():
        click.echo(f"initial_encoder: {output}")


def _execution_properties(
    configuration: Configuration, number: int, records: types.Artifact, checkpoints: str
) -> dict[str, Any]:
    """Returns what the pipeline's own node would be given, but for the watching of labels."""
    if not 1 <= number <= len(configuration.pretraining):
        raise UserError(
            f"--step {number}: pretraining has {len(configuration.pretraining)} steps. Name one of "
            "them, the first being 1."
        )
    step = configuration.pretraining[number - 1]
    component = ContrastivePretrainer(
        examples=channel_utils.as_channel([records]),
        method=step.method,
        trained_on=f"{step.data} images",
        encoder_settings=configuration.encoder,
        settings=step.training,
        seed=configuration.seed,
        checkpoint_root=checkpoints,
        distribution=configuration.distribution,
        watch_settings=step.watch,
    )
    return dict(component.exec_properties)


def _examples(uri: str) -> types.Artifact:
    prefix = "Split-"
    names = tf.io.gfile.listdir(uri) if tf.io.gfile.isdir(uri) else []
    splits = sorted(
        name.rstrip("/").removeprefix(prefix) for name in names if name.startswith(prefix)
    )
    if not splits:
        raise UserError(
            f"--examples {uri}: there is no folder Split-train in it. Name the output of a "
            "Transform step (for simclr) or of a PairBuilder step (for micle)."
        )
    examples = standard_artifacts.Examples()
    examples.uri = uri
    examples.split_names = artifact_utils.encode_split_names(splits)
    return examples
