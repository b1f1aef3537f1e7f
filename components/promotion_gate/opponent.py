"""The model that a candidate is compared with, or why there is none."""

from typing import TypeAlias

from components.absent_model import AbsentModel
from components.case_predictor.predictions import PredictionCard
from components.fine_tuner.model_card import ModelCard
from components.site_evaluator.results import Evaluation

Opponent: TypeAlias = Evaluation | AbsentModel

NO_BASELINE = AbsentModel("No baseline was evaluated")
NO_CHAMPION = AbsentModel(
    "There is no champion yet: this is the first model, with nothing to compare", True
)


def comparable(candidate: Evaluation, other: Opponent, role: str) -> Opponent:
    """Returns the other model, unless it is the candidate itself or answers another question.

    Args:
        candidate: Evaluation of the model that may be promoted.
        other: The model to compare with.
        role: `champion` or `baseline`.
    """
    if isinstance(other, AbsentModel):
        return other
    ours, theirs = candidate.card, other.card
    if ours.model_digest == theirs.model_digest:
        return AbsentModel(f"This model is the {role} itself", nothing_to_ask=True)
    reason = why_not_comparable(ours, theirs, role)
    return AbsentModel(reason) if reason else other


def why_not_comparable(
    ours: PredictionCard | ModelCard, theirs: PredictionCard | ModelCard, role: str
) -> str | None:
    """Returns why another model answers another question, or None if it answers the same."""
    if (ours.task, ours.classes) == (theirs.task, theirs.classes):
        return None
    return (
        f"The {role} {theirs.model_name} is {_question(theirs)}, this model {_question(ours)}; "
        "they are not compared"
    )


def _question(card: PredictionCard | ModelCard) -> str:
    return f"{card.task.replace('_', '-')} ({', '.join(card.classes)})"
