"""The course of a training, as a table."""

import csv
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HISTORY = "history.csv"


@dataclass(frozen=True)
class ContrastiveRow:
    """One step of contrastive pretraining.

    Attributes:
        step: Counted from 1.
        loss: NT-Xent, mean over the views.
        accuracy: Share of views closest to their partner.
        entropy: Mean entropy, in nats, of a view's choice among the others.
        learning_rate: That of the step.
    """

    step: int
    loss: float
    accuracy: float
    entropy: float
    learning_rate: float


@dataclass(frozen=True)
class FineTuneRow:
    """One epoch of fine-tuning.

    Attributes:
        epoch: Counted from 1.
        loss: Mean training loss of the epoch's steps.
        validation_loss: Loss on the validation cases after the epoch.
        validation_auc: Mean area under the ROC curve over the classes; None if the validation
            cases have no class that is present in some and absent in others.
        learning_rate: That of the epoch's last step.
    """

    epoch: int
    loss: float
    validation_loss: float
    validation_auc: float | None
    learning_rate: float


def write_history(directory: str, rows: Sequence[ContrastiveRow] | Sequence[FineTuneRow]) -> None:
    """Writes `history.csv`, one line a row under a header, into a directory."""
    with Path(directory, HISTORY).open("w", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in dataclasses.fields(rows[0])])
        writer.writeheader()
        writer.writerows(dataclasses.asdict(row) for row in rows)
