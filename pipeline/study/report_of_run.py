"""The report of what a study's folder holds so far."""

from collections.abc import Iterable
from pathlib import Path

from components.site_evaluator.reader import load_evaluation
from components.study_report.measurements import JudgedArm
from components.study_report.report import write_results
from components.study_report.results import study_results
from pipeline.study.arms import Arm, arms_of
from pipeline.study.cost import arm_costs
from pipeline.study.finished import FinishedNodes
from pipeline.study.question import study_question
from pipeline.study.settings import Study
from trainer.errors import UserError


def write_study_report(study: Study, finished: FinishedNodes, directory: Path) -> None:
    """Writes the report of the arms that are finished.

    Args:
        study: What was asked.
        finished: Steps that are finished.
        directory: To write to.

    Raises:
        UserError: No arm is finished.
    """
    judged = read_judged(arms_of(study), finished)
    if not judged:
        raise UserError(
            f"{study.output_dir}: no arm of the study is finished. Run 'micle study' without "
            "--report first."
        )
    results = study_results(study_question(study), judged, arm_costs(study, finished))
    write_results(results, directory)


def read_judged(arms: Iterable[Arm], finished: FinishedNodes) -> list[JudgedArm]:
    """Reads the evaluations of those arms that are finished."""
    return [
        JudgedArm(
            arm, load_evaluation(finished.nodes[f"evaluate-{arm.role}"].output_uris["evaluation"])
        )
        for arm in arms
        if finished.has_arm(arm)
    ]
