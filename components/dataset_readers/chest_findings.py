"""Findings of chest X-rays under one set of names, so that collections can be compared.

A finding that CheXpert has too bears CheXpert's name in every collection.
"""

from collections.abc import Mapping
from pathlib import Path

from components.dataset_readers.label_policy import LabelPolicy
from trainer.errors import UserError

CHEXPERT_FINDINGS = (
    "No Finding",
    "Enlarged Cardiomediastinum",
    "Cardiomegaly",
    "Lung Opacity",
    "Lung Lesion",
    "Edema",
    "Consolidation",
    "Pneumonia",
    "Atelectasis",
    "Pneumothorax",
    "Pleural Effusion",
    "Pleural Other",
    "Fracture",
    "Support Devices",
)
"""In the order of CheXpert's columns, which MIMIC-CXR-JPG also has."""


def chexpert_values(answers: Mapping[str, str], policy: LabelPolicy, path: Path) -> tuple[str, ...]:
    """Returns `1`, `0` or blank for each of `CHEXPERT_FINDINGS`.

    Args:
        answers: A row of the labeller's table.
        policy: For uncertain and unmentioned findings.
        path: Of the table, for messages.

    Raises:
        UserError: An answer is none of 1, 0, -1 and blank.
    """
    values = []
    for finding in CHEXPERT_FINDINGS:
        try:
            values.append(policy.value(finding, answers[finding]))
        except ValueError:
            raise UserError(
                f"{path}: column {finding} holds '{answers[finding]}', which is none of 1, 0, -1 "
                "and blank. Use the file as published."
            ) from None
    return tuple(values)
