"""The report of what a study's folder holds so far."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from components.case_predictor.predictions import PredictionCard
from components.site_evaluator.reader import load_evaluation
from components.site_evaluator.results import Evaluation
from components.study_report.measurements import JudgedArm
from components.study_report.report import write_results
from components.study_report.results import study_results
from pipeline.study.arms import Arm, arms_of
from pipeline.study.cost import arm_cost
from pipeline.study.finished import FinishedNodes
from pipeline.study.question import study_question
from pipeline.study.settings import Study
from trainer.errors import UserError
from trainer.settings import to_json


@dataclass(frozen=True)
class ReportedArms:
    """Of what arms a report is.

    Attributes:
        reported: Number of those that are in it.
        outdated: Number of those that are finished with other settings or data, and not in it.
    """

    reported: int
    outdated: int


def write_study_report(study: Study, finished: FinishedNodes, directory: Path) -> ReportedArms:
    """Writes the report of the arms that are finished as the study asks for them today.

    Args:
        study: What was asked.
        finished: Steps that are finished.
        directory: To write to.

    Raises:
        UserError: No arm is finished, or all were made with other settings or data.
    """
    arms = arms_of(study)
    evaluations = _evaluations(study, finished)
    outdated = sum(finished.was_evaluated(arm) for arm in arms) - len(evaluations)
    if not evaluations:
        raise UserError(_why_none(study, outdated))
    judged = [JudgedArm(arm, evaluation) for arm, evaluation in evaluations.items()]
    costs = [arm_cost(arm, finished) for arm in evaluations]
    write_results(study_results(study_question(study), judged, costs), directory)
    return ReportedArms(len(judged), outdated)


def _why_none(study: Study, outdated: int) -> str:
    if outdated:
        return (
            f"{study.output_dir}: the study or its data changed since its arms were finished, so "
            "no arm is of today's. Run 'micle study' without --report first."
        )
    return (
        f"{study.output_dir}: no arm of the study is finished. Run 'micle study' without "
        "--report first."
    )


def _evaluations(study: Study, finished: FinishedNodes) -> dict[Arm, Evaluation]:
    """Reads the evaluations of the arms that are finished."""
    found = {}
    for arm in arms_of(study):
        if not finished.has_arm(arm):
            continue
        evaluation = load_evaluation(
            finished.nodes[f"evaluate-{arm.role}"].output_uris["evaluation"]
        )
        if finished.is_of_unknown_origin(arm) and not (
            _has_scored(study, arm, finished) and _answers(study, arm, evaluation.card)
        ):
            continue
        found[arm] = evaluation
    return found


def _has_scored(study: Study, arm: Arm, finished: FinishedNodes) -> bool:
    """Whether an arm's model has scored the cases that the study evaluates on."""
    scored = Path(finished.nodes[f"predict-{arm.role}"].output_uris["predictions"])
    return any(scored.glob(f"predictions-{study.evaluation_split}*.gz"))


def _answers(study: Study, arm: Arm, card: PredictionCard) -> bool:
    """Whether a model is what a study asks of an arm, as far as its card tells.

    The card does not tell the settings of pretraining.
    """
    asked = {
        "task": study.base.data.labelled_task,
        "classes": study.base.data.medical.classes,
        "label_fraction": arm.label_fraction,
        "seed": arm.seed,
    }
    fine_tuning = replace(study.fine_tuning_of(arm.initialisation), trainable=arm.trainable)
    return (
        all(getattr(card, name) == value for name, value in asked.items())
        and _agree(card.fine_tuning, fine_tuning)
        and _agree(card.network, study.base.encoder)
    )


def _agree(told: Mapping[str, Any], settings: Any) -> bool:
    """Whether settings are those that a card tells of, as far as both name the same."""
    asked = json.loads(to_json(settings))
    return all(told[name] == asked[name] for name in told.keys() & asked.keys())
