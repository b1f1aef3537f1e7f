"""The model that a candidate is compared with, or why there is none."""

from typing import TypeAlias

from components.absent_model import AbsentModel
from components.case_predictor.predictions import PredictionCard
from components.fine_tuner.model_card import ModelCard
from components.model_question import question_of
from components.site_evaluator.results import Evaluation
from components.slice_report.message_catalogue import ENGLISH
from components.slice_report.sentences import say
from components.statement import Statement

Opponent: TypeAlias = Evaluation | AbsentModel


def absent_for(
    statement: Statement, nothing_to_ask: bool = False, model_digest: str = ""
) -> AbsentModel:
    """Returns that a model is not there, for a reason in any language."""
    return AbsentModel(say(statement, ENGLISH), nothing_to_ask, model_digest, statement)


def absence(model: AbsentModel) -> Statement:
    """Returns why a model is not there; of an older version, in its English words."""
    return model.statement or Statement("gate.absent.in_words", {"reason": model.reason})


NO_BASELINE = absent_for(Statement("gate.absent.no_baseline"))
NO_CHAMPION = absent_for(Statement("gate.absent.no_champion"), nothing_to_ask=True)


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
        return absent_for(Statement(f"gate.absent.same_as_{role}"), nothing_to_ask=True)
    reason = why_not_comparable(ours, theirs, role)
    return absent_for(reason) if reason else other


def why_not_comparable(
    ours: PredictionCard | ModelCard, theirs: PredictionCard | ModelCard, role: str
) -> Statement | None:
    """Returns why another model answers another question, or None if it answers the same."""
    asked, answered = question_of(ours), question_of(theirs)
    if asked == answered:
        return None
    return Statement(
        f"gate.absent.other_question_{role}",
        {"name": theirs.model_name, "theirs": answered.statement, "ours": asked.statement},
    )
