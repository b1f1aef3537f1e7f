"""Trains on the labels, and writes the encoder with its card and learning curve."""

import json
from typing import Any

from tfx import types
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.types import artifact_utils

from components.learning_curves import draw_fine_tuning
from components.records import records_fingerprint, split_files
from schemas import case_features
from trainer.case_dataset import steps_per_epoch
from trainer.case_records import read_pixel_statistics
from trainer.distribution import is_chief
from trainer.encoder_artifact import save_encoder
from trainer.encoder_card import EncoderCard, lineage
from trainer.fine_tuning import fine_tune
from trainer.history import write_history
from trainer.settings import EncoderSettings, FineTuneSettings, from_json


class Executor(BaseExecutor):
    """Executor of `SupervisedPretrainer`."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the encoder of the best epoch, its card, `history.csv` and `learning_curve.png`.

        There is no projection head: nothing contrastive was trained. Of several workers the chief
        alone writes.

        Raises:
            UserError: The data and the settings do not fit together.
        """
        examples = artifact_utils.get_single_instance(input_dict["examples"])
        train_files = split_files(examples, case_features.TRAIN)
        validation_files = split_files(examples, case_features.VALIDATION)
        encoder_settings = from_json(EncoderSettings, exec_properties["encoder_settings"])
        settings = from_json(FineTuneSettings, exec_properties["settings"])
        fingerprint = records_fingerprint(train_files + validation_files)
        result = fine_tune(
            train_files,
            validation_files,
            task="multi_class",
            classes=json.loads(exec_properties["classes"]),
            encoder_settings=encoder_settings,
            settings=settings,
            label_fraction=1.0,
            seed=exec_properties["seed"],
            checkpoint_directory=exec_properties["checkpoint_root"],
            initial_encoder=None,
            data_fingerprint=fingerprint,
            stage="supervised pretraining",
            distribution=exec_properties["distribution"],
        )
        if not is_chief():
            return
        statistics = read_pixel_statistics(train_files)
        steps = result.best_epoch * steps_per_epoch(result.labelled_cases, settings.batch_size)
        card = EncoderCard(
            architecture=encoder_settings.architecture,
            width_multiplier=encoder_settings.width_multiplier,
            stem=encoder_settings.stem,
            image_size=encoder_settings.image_size,
            pixel_mean=statistics.mean,
            pixel_std=statistics.std,
            method="supervised_pretraining",
            trained_on=exec_properties["trained_on"],
            steps=steps,
            epochs=result.best_epoch,
            batch_size=settings.batch_size,
            seed=exec_properties["seed"],
            data_fingerprint=fingerprint,
        )
        directory = artifact_utils.get_single_uri(output_dict["encoder"])
        save_encoder(directory, result.classifier.encoder, card)
        write_history(directory, result.history)
        draw_fine_tuning(
            directory, result.history, title=lineage(card)[-1], best_epoch=result.best_epoch
        )
