"""Calls the trainer, and writes the encoder with its card and learning curve."""

import json
from typing import Any, cast

from tfx import types
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.types import artifact_utils

from components.learning_curves import draw_contrastive_training
from components.records import has_splits, records_fingerprint, split_files
from schemas import case_features
from trainer.contrastive_training import pretrain
from trainer.contrastive_watch import ContrastiveWatch
from trainer.distribution import is_chief
from trainer.encoder_artifact import save_encoder
from trainer.encoder_card import lineage
from trainer.history import write_history
from trainer.settings import ContrastiveSettings, EncoderSettings, from_json
from trainer.watch_samples import LabelledFiles
from trainer.watch_settings import WatchSettings


class Executor(BaseExecutor):
    """Executor of `ContrastivePretrainer`."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the encoder, its projection head and card, and the course of the training.

        Beside `encoder.weights.h5`, `projection_head.weights.h5` and `encoder.json` these are
        `history.csv`, `watch.csv`, `learning_curve.png` and TensorBoard's `tensorboard/`.

        Of several workers the chief alone does.

        Raises:
            UserError: The data, the settings and the initial encoder do not fit together.
        """
        examples = artifact_utils.get_single_instance(input_dict["examples"])
        initial = input_dict.get("initial_encoder")
        files = split_files(examples, case_features.TRAIN)
        watch = ContrastiveWatch(
            from_json(WatchSettings, exec_properties["watch_settings"]),
            _labelled_files(input_dict, exec_properties),
        )
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
            observer=watch,
        )
        if not is_chief():
            return
        directory = artifact_utils.get_single_uri(output_dict["encoder"])
        save_encoder(directory, result.encoder, result.card, result.projection_head)
        write_history(directory, result.history)
        watch.write(directory)
        draw_contrastive_training(
            directory,
            result.history,
            watch.rows,
            title=lineage(result.card)[-1],
            batch_size=cast(int, result.card.batch_size),  # None for imports only.
        )


def _labelled_files(
    input_dict: dict[str, list[types.Artifact]], exec_properties: dict[str, Any]
) -> LabelledFiles | None:
    """Returns the cases to watch with; None if there are none in one of the two splits."""
    if not input_dict.get("watch_examples"):
        return None
    examples = artifact_utils.get_single_instance(input_dict["watch_examples"])
    if not has_splits(examples, case_features.TRAIN, case_features.VALIDATION):
        return None
    return LabelledFiles(
        train=split_files(examples, case_features.TRAIN),
        validation=split_files(examples, case_features.VALIDATION),
        task=exec_properties["watch_task"],
        class_count=len(json.loads(exec_properties["watch_classes"])),
    )
