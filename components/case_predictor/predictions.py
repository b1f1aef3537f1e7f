"""Predictions of one model on every case: written once, evaluated as often as needed.

An `InferenceResult` artifact holds gzipped TFRecords of `tf.Example` (one a case, features named
below, and each further feature of the case under its own name) and a card, `predictions.json`.
"""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from schemas.case_features import Task

CASE_ID = "case_id"
PATIENT_ID = "patient_id"
SITE = "site"
SPLIT = "split"
DISTRIBUTION = "distribution"
"""`in_distribution` (validation and test) or `shifted` (held-out sites)."""
SEX = "sex"
AGE_GROUP = "age_group"
VIEW = "view"
"""The views of the case's images, each once: `PA`, or `PA + lateral`."""
IMAGE_COUNT = "image_count"
"""`single_image` or `several_images`."""
LABEL = "label"
"""float32 [classes]: one-hot (multi-class) or 1 present / 0 absent (multi-label)."""
LABEL_WEIGHT = "label_weight"
"""float32 [classes]: 1 known, 0 unknown; an unlabelled case has all 0."""
SCORE = "score"
"""float32 [classes]: softmax or sigmoid probabilities."""

IN_DISTRIBUTION = "in_distribution"

RECORDS = "predictions-*.gz"
CARD = "predictions.json"


@dataclass(frozen=True)
class PredictionCard:
    """What the predictions are of.

    Attributes:
        model_name: A name for a person: `MICLe`, `random initialisation`.
        model_digest: SHA-256 of the SavedModel's files.
        task: Multi-class or multi-label.
        classes: Class or finding names, in the order of the score vector.
        operating_point: Per class the probability at and above which a case counts as positive,
            chosen on the validation split and frozen.
        operating_point_rule: How it was chosen, for a person.
        label_fraction: Share of the training patients whose labels were used.
        label_cases: Number of labelled cases used for fine-tuning.
        seed: Of the fine-tuning.
        pretraining: What the encoder was trained on before, step by step, for a person.
        fine_tuning: Settings that the fine-tuning ended up with, and what chose them.
        network: Settings of the encoder; empty of a model that does not say.
        operating_point_frozen_on: Day of its choice, YYYY-MM-DD; None of a model that does not say.
    """

    model_name: str
    model_digest: str
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
    operating_point_frozen_on: str | None = None

    def write(self, directory: str) -> None:
        """Writes the card into a predictions directory."""
        Path(directory, CARD).write_text(json.dumps(dataclasses.asdict(self), indent=2) + "\n")


def read_card(directory: str) -> PredictionCard:
    """Reads the card of a predictions directory."""
    values = json.loads(Path(directory, CARD).read_text())
    values["classes"] = tuple(values["classes"])
    values["pretraining"] = tuple(values["pretraining"])
    return PredictionCard(**values)
