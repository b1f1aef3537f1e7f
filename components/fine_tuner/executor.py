"""Fine-tunes, chooses the operating point, and exports the model with its card."""

import dataclasses
import json
from datetime import datetime, timezone
from typing import Any

from tfx import types
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.types import artifact_utils
from tfx.utils import path_utils

from components.fine_tuner.model_card import ModelCard, write_frozen_on
from components.fine_tuner.serving_preprocessing import ServingPreprocessing
from components.learning_curves import draw_fine_tuning
from components.records import records_fingerprint, split_files
from schemas import case_features
from trainer.distribution import is_chief
from trainer.errors import UserError
from trainer.fine_tuning import FineTuneResult, fine_tune
from trainer.history import write_history
from trainer.operating_point import OperatingPointRule, operating_points
from trainer.serving import export_case_model
from trainer.settings import EncoderSettings, FineTuneSettings, from_json
from trainer.sweep import fine_tune_sweep, write_sweep
from trainer.sweep_settings import sweep_from_json

_NOT_OF_THE_MODEL = ("checkpoint_seconds",)
"""Settings of the fine-tuning that change no model, so that its card does not state them."""


class Executor(BaseExecutor):
    """Executor of `FineTuner`."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the SavedModel with its card, `history.csv` and `learning_curve.png`.

        After a sweep `sweep.csv` too. Of several workers the chief alone does.

        Raises:
            UserError: The data, the settings and the initial encoder do not fit together.
        """
        check_label_fraction(exec_properties["label_fraction"])
        examples = artifact_utils.get_single_instance(input_dict["examples"])
        initial = input_dict.get("initial_encoder")
        train_files = split_files(examples, case_features.TRAIN)
        validation_files = split_files(examples, case_features.VALIDATION)
        arguments = {
            "train_files": train_files,
            "validation_files": validation_files,
            "task": exec_properties["task"],
            "classes": json.loads(exec_properties["classes"]),
            "encoder_settings": from_json(EncoderSettings, exec_properties["encoder_settings"]),
            "settings": from_json(FineTuneSettings, exec_properties["settings"]),
            "label_fraction": exec_properties["label_fraction"],
            "seed": exec_properties["seed"],
            "checkpoint_directory": exec_properties["checkpoint_root"],
            "initial_encoder": initial[0].uri if initial else None,
            "data_fingerprint": records_fingerprint(train_files + validation_files),
            "distribution": exec_properties["distribution"],
        }
        sweep = sweep_from_json(exec_properties["sweep"])
        swept = fine_tune_sweep(sweep=sweep, **arguments) if sweep else None
        result = swept.model if swept else fine_tune(**arguments)
        if not is_chief():
            return
        model = artifact_utils.get_single_instance(output_dict["model"])
        saved_model = path_utils.serving_model_dir(model.uri)
        preprocessing = ServingPreprocessing(
            artifact_utils.get_single_uri(input_dict["transform_graph"])
        )
        export_case_model(
            saved_model,
            result.classifier,
            preprocessing.cases,
            preprocess_images=preprocessing.images,
            classes=json.loads(exec_properties["classes"]),
            trackables=[preprocessing.layer],
        )
        model_card(result, exec_properties).write(saved_model)
        write_frozen_on(saved_model, datetime.now(timezone.utc).date())
        write_history(model.uri, result.history)
        if swept:
            write_sweep(model.uri, swept)
        draw_fine_tuning(
            model.uri,
            result.history,
            title=f"Fine-tuning: {exec_properties['model_name']}",
            best_epoch=result.best_epoch,
        )


def check_label_fraction(fraction: float) -> None:
    """Checks what can be set when a compiled pipeline is submitted, past the configuration.

    Raises:
        UserError: It is no share.
    """
    if not 0 < fraction <= 1:
        raise UserError(
            f"label_fraction is {fraction:g}, and must be above 0 and at most 1. Submit again with "
            "such a value, or without one."
        )


def model_card(result: FineTuneResult, exec_properties: dict[str, Any]) -> ModelCard:
    """Builds the card; the operating point is chosen here, on validation, once."""
    classes = tuple(json.loads(exec_properties["classes"]))
    sweep = sweep_from_json(exec_properties["sweep"])
    rule = from_json(OperatingPointRule, exec_properties["operating_point"])
    thresholds = operating_points(
        result.validation_targets, result.validation_weights, result.validation_scores, rule
    )
    settings = dataclasses.asdict(result.settings)
    network = from_json(EncoderSettings, exec_properties["encoder_settings"])
    return ModelCard(
        model_name=exec_properties["model_name"],
        task=exec_properties["task"],
        classes=classes,
        operating_point=dict(zip(classes, map(float, thresholds), strict=True)),
        operating_point_rule=rule.description,
        label_fraction=exec_properties["label_fraction"],
        label_cases=result.labelled_cases,
        seed=exec_properties["seed"],
        pretraining=result.pretraining,
        fine_tuning={
            **{name: value for name, value in settings.items() if name not in _NOT_OF_THE_MODEL},
            "best_epoch": result.best_epoch,
            "selection_score": result.selection_score,
            "sweep_points": len(sweep.points()) if sweep else 0,
        },
        network=dataclasses.asdict(network),
    )
