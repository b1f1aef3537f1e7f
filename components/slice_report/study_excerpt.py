"""What a report takes over from a study of several starts: its main metric, and its classes."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from schemas.case_features import Task
from trainer.errors import UserError

STUDY_FORMAT = 3
"""`schema_version` of `schemas/study_report.schema.json`."""

HELD_OUT_PLACE = "held-out sites"
"""The place of a study's shift that is all of them together."""

# The report tells of the labelled cases of its own models alone.
_LEFT_OUT = ("label_cases_fewest", "label_cases_most")
_TAKEN_OVER = (
    *("title", "task", "metric", "baseline", "seeds", "label_fractions", "trainable"),
    *("arms", "arms_finished"),
)


def read_study(path: str, task: Task, classes: Sequence[str]) -> dict[str, Any]:
    """Reads a study's `study.json`; returns what a report shows of it.

    Args:
        path: The file, as `micle study` writes it.
        task: Of the model that the report is about.
        classes: Of that model.

    Returns:
        What `schemas/slice_report.schema.json` calls `study`.

    Raises:
        UserError: It is no study's result, one of another version, task or classes, or one on
            validation.
    """
    remedy = "Give OUTPUT_DIR/study/study.json of a study, or leave it out."
    try:
        study = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"study: {path}: cannot be read as JSON. {remedy}") from error
    if not isinstance(study, dict) or study.get("schema_version") != STUDY_FORMAT:
        raise UserError(
            f"study: {path}: not the result of this version's 'micle study'. Write a finished "
            "study's anew with 'micle study STUDY --report', or leave it out."
        )
    if study["evaluation_split"] != "test":
        raise UserError(
            f"study: {path}: was evaluated on validation, which serves to choose settings and not "
            f"to report. {remedy}"
        )
    if study["task"] != task:
        raise UserError(
            f"study: {path}: is about a {study['task']} task, and this run about a {task} one. "
            "Name a study on the same task, or leave it out."
        )
    studied = list(dict.fromkeys(row["class"] for row in study["classes"]))
    if set(studied) != set(classes):
        raise UserError(
            f"study: {path}: is about the classes {', '.join(studied)}, and this run about "
            f"{', '.join(classes)}. Name a study on the same data, or leave it out."
        )
    return excerpt(study)


def excerpt(study: dict[str, Any]) -> dict[str, Any]:
    """Returns the rows of the study's own metric, with what is needed to read them.

    Of shift and classes those with the most labels: of all shares they would fill the report.
    """
    most = max(study["label_fractions"])
    return {
        **{name: study[name] for name in _TAKEN_OVER},
        "initialisations": study["initialisations"],
        "label_efficiency": study["label_efficiency"],
        **{
            name: [_without_labels(row) for row in study[name] if row["metric"] == study["metric"]]
            for name in ("results", "contrasts")
        },
        **{
            name: [row for row in study[name] if row["label_fraction"] == most]
            for name in ("shift", "classes")
        },
    }


def _without_labels(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in _LEFT_OUT}
