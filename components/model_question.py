"""What a model answers: only models that answer the same are compared."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from components.statement import Statement
from trainer.errors import UserError


class Card(Protocol):
    """Of a model or of its predictions."""

    @property
    def task(self) -> Any:
        """Multi-class or multi-label."""

    @property
    def classes(self) -> Sequence[str]:
        """In the order of the scores."""


@dataclass(frozen=True)
class ModelQuestion:
    """A task on classes; their order is part of it, as the scores stand in it."""

    task: str
    classes: tuple[str, ...]

    @property
    def statement(self) -> Statement:
        """The question in any language."""
        return Statement(f"gate.absent.{self.task}", {"classes": ", ".join(self.classes)})

    def __str__(self) -> str:
        return f"{self.task} ({', '.join(self.classes)})"


def question_of(card: Card) -> ModelQuestion:
    """Returns what the model of a card answers."""
    return ModelQuestion(card.task, tuple(card.classes))


def check_same_question(place: str, theirs: ModelQuestion, ours: ModelQuestion) -> None:
    """Refuses to compare models that answer different questions.

    Args:
        place: Where the other model was named: a flag, an input, a folder.
        theirs: Of the other model.
        ours: What is expected of it.

    Raises:
        UserError: They differ.
    """
    if theirs != ours:
        raise UserError(
            f"{place}: the model is {theirs}, expected {ours}. Compare models of the same task and "
            "classes."
        )
