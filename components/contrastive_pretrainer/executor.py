"""Calls the trainer, and writes the encoder with its card and learning curve."""

from typing import Any

from tfx import types
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.types import artifact_utils

from components.records import records_fingerprint, split_files
from schemas import case_features
from trainer.contrastive_training import pretrain
from trainer.distribution import is_chief
from trainer.encoder_artifact import save_encoder
from trainer.history import write_history
from trainer.settings import ContrastiveSettings, EncoderSettings, from_json


class Executor(BaseExecutor):
    """Executor of `ContrastivePretrainer`."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes `encoder.weights.h5`, `projection_head.weights.h5`, `encoder.json`, `history.csv`.

        Of several workers the chief alone does.

        Raises:
            UserError: The data, the settings and the initial encoder do not fit together.
        """
        examples = artifact_utils.get_single_instance(input_dict["examples"])
        initial = input_dict.get("initial_encoder")
        files = split_files(examples, case_features.TRAIN)
        result = pretrain(
            files,
            source="pairs" if exec_properties["method"] == "micle" else "images",
            encoder_settings=from_json(EncoderSettings, exec_properties["encoder_settings"]),
            settings=from_json(ContrastiveSettings, exec_properties["settings"]),
            seed=exec_properties["seed"],
            checkpoint_directory=exec_properties["checkpoint_root"],
            initial_encoder=initial[0].uri if initial else None,
            trained_on=exec_properties["trained_on"],
            data_fingerprint=records_fingerprint(files),
            distribution=exec_properties["distribution"],
        )
        if not is_chief():
            return
        directory = artifact_utils.get_single_uri(output_dict["encoder"])
        save_encoder(directory, result.encoder, result.card, result.projection_head)
        write_history(directory, result.history)
