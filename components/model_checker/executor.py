"""Executor of `ModelChecker`."""

from typing import Any

from tfx import types
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.types import artifact_utils
from tfx.utils import path_utils

from components.model_checker.canary import SPLITS, choose_canary
from components.model_checker.checking import check_model
from components.model_checker.settings import ModelCheckSettings
from components.records import split_files
from trainer.settings import from_json


class Executor(BaseExecutor):
    """Checks a model and writes what was found."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes `model_check.json`; inputs, outputs, parameters as in `ModelCheckerSpec`.

        Raises:
            UserError: There is no test case, or one without a prediction.
        """
        examples = artifact_utils.get_single_instance(input_dict["examples"])
        settings = from_json(ModelCheckSettings, exec_properties["settings"])
        present = artifact_utils.decode_split_names(examples.split_names)
        files = [
            file for split in SPLITS if split in present for file in split_files(examples, split)
        ]
        canary = choose_canary(
            files, artifact_utils.get_single_uri(input_dict["predictions"]), settings.cases
        )
        model = artifact_utils.get_single_instance(input_dict["model"])
        check = check_model(path_utils.serving_model_path(model.uri), canary, settings)
        check.write(artifact_utils.get_single_uri(output_dict["check"]))
