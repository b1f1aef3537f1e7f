"""The card that travels inside a model's SavedModel, so that a pushed model explains itself.

Beside it lies the day on which the operating point was frozen. It is no part of the digest: the
same data, settings and seed give the same model on any day.
"""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from schemas.case_features import Task
from trainer.errors import UserError

CARD = "assets.extra/model_card.json"
FROZEN_ON = "assets.extra/operating_point_frozen_on.txt"


@dataclass(frozen=True)
class ModelCard:
    """What a model is and how to read its scores; the fields are those of `PredictionCard`."""

    model_name: str
    task: Task
    classes: tuple[str, ...]
    operating_point: Mapping[str, float]
    operating_point_rule: str
    label_fraction: float
    label_cases: int
    seed: int
    pretraining: tuple[str, ...]
    fine_tuning: Mapping[str, Any] = field(default_factory=dict)
    network: Mapping[str, Any] = field(default_factory=dict)

    def write(self, saved_model: str) -> None:
        """Writes the card into a SavedModel directory."""
        path = Path(saved_model, CARD)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(dataclasses.asdict(self), indent=2) + "\n")


def read_model_card(saved_model: str) -> ModelCard:
    """Reads the card of a SavedModel directory.

    Raises:
        UserError: The directory is not a model of this pipeline.
    """
    path = Path(saved_model, CARD)
    try:
        values = json.loads(path.read_text())
    except OSError as error:
        raise UserError(
            f"{saved_model}: no model of this pipeline ({CARD} is missing). Give the directory "
            "that holds saved_model.pb."
        ) from error
    values["classes"] = tuple(values["classes"])
    values["pretraining"] = tuple(values["pretraining"])
    return ModelCard(**values)


def write_frozen_on(saved_model: str, day: date) -> None:
    """Writes the day on which the operating point was frozen into a SavedModel with its card."""
    Path(saved_model, FROZEN_ON).write_text(f"{day.isoformat()}\n")


def read_frozen_on(saved_model: str) -> str | None:
    """Returns that day as YYYY-MM-DD; None of a model of before it was kept.

    Raises:
        UserError: The file holds no day.
    """
    path = Path(saved_model, FROZEN_ON)
    if not path.is_file():
        return None
    text = path.read_text().strip()
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise UserError(
            f"{path}: '{text}' is no day. Expected the one on which the operating point was "
            "frozen, as YYYY-MM-DD. Restore the file, or remove it."
        ) from error


def model_digest(saved_model: str) -> str:
    """Returns SHA-256 over the names and bytes of a SavedModel's files, but for the day."""
    digest = hashlib.sha256()
    root = Path(saved_model)
    day = root / FROZEN_ON
    for path in sorted(p for p in root.rglob("*") if p.is_file() and p != day):
        digest.update(str(path.relative_to(root)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
