"""Reads the evaluations of a study's arms and writes its report."""

from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from tfx import types
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.types import artifact_utils

from components.site_evaluator.reader import load_evaluation
from components.study_report.measurements import JudgedArm
from components.study_report.question import StudyQuestion
from components.study_report.report import write_results
from components.study_report.results import study_results


class Executor(BaseExecutor):
    """Executor of `StudyReport`."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes `study.html`, `study.json`, a CSV for each table, and the figures.

        Raises:
            UserError: An evaluation is missing or damaged.
        """
        question = TypeAdapter(StudyQuestion).validate_json(exec_properties["question"])
        judged = [
            JudgedArm(arm, load_evaluation(artifact_utils.get_single_uri(input_dict[arm.role])))
            for arm in question.arms
        ]
        # No step knows how long the others took.
        results = study_results(question, judged, costs=())
        write_results(results, Path(artifact_utils.get_single_uri(output_dict["report"])))
