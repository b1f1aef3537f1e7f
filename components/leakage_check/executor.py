"""Executor of `LeakageCheck`."""

import json
import logging
from typing import Any

from tfx import types
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.types import artifact_utils

from components.case_example_gen.shared_images import shared_images_pattern
from components.leakage_check.checking import check_leakage
from components.leakage_check.leakage_report import REPORT, read_leakage_report
from components.leakage_check.near_duplicates import LARGEST_GROUP, MEDICAL, NATURAL
from components.leakage_check.settings import LeakageSettings
from trainer.errors import UserError

_INPUTS = {"examples": MEDICAL, "natural_examples": NATURAL}


class Executor(BaseBeamExecutor):
    """Compares all images of both data sets."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes `leakage.json`; inputs, outputs and parameters as in `LeakageCheckSpec`.

        Raises:
            UserError: There is leakage, and the action is `stop`.
        """
        settings = LeakageSettings(**json.loads(exec_properties["settings"]))
        given = {
            name: artifact_utils.get_single_instance(input_dict[key])
            for key, name in _INPUTS.items()
            if input_dict.get(key)
        }
        patterns = {
            (name, split): f"{artifact_utils.get_split_uri([examples], split)}/*"
            for name, examples in given.items()
            for split in artifact_utils.decode_split_names(examples.split_names)
        }
        shared = shared_images_pattern(
            artifact_utils.get_single_uri(input_dict["ingestion_report"])
        )
        uri = artifact_utils.get_single_uri(output_dict["leakage"])
        with self._make_beam_pipeline() as pipeline:
            check_leakage(pipeline, patterns, shared, uri, settings)
        report = read_leakage_report(uri)
        if report.not_compared:
            logging.getLogger(__name__).warning(
                "%d images were not compared: their groups of alike images are larger than %d.",
                report.not_compared,
                LARGEST_GROUP,
            )
        if settings.action == "stop" and report.leaked_cases:
            raise UserError(_refusal(report.leaked_cases, uri))


def _refusal(cases: int, directory: str) -> str:
    judged = (
        "1 case that judges the model has"
        if cases == 1
        else f"{cases} cases that judge the model have"
    )
    return (
        f"data: {judged} nearly the same image as one it is trained on, or a patient who shares an "
        f"image with one it is trained on. Remove one of each pair "
        f"({directory}/{REPORT} lists them), or set leakage.action: remove."
    )
