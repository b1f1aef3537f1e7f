"""SCIN, as published: scin_cases.csv, scin_labels.csv and images.

Layout: `dataset_schema.md` and the notebook `scin_demo.ipynb` of google-research-datasets/scin.
Paths of images start with `dataset/`, the name of the published folder.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from components.dataset_readers.published_csv import first_file, read_csv
from components.dataset_readers.reader import (
    DatasetCard,
    DatasetReader,
    ImageRow,
    ReaderChoices,
)
from trainer.errors import UserError

_PLACES = ("1", "2", "3")
_CASE_COLUMNS = (
    "case_id",
    "age_group",
    "sex_at_birth",
    *(f"image_{place}_path" for place in _PLACES),
    *(f"image_{place}_shot_type" for place in _PLACES),
)
_DIFFERENTIAL = "weighted_skin_condition_label"
_MAJORITY = 0.5


class ScinReader(DatasetReader):
    """Reads SCIN: up to three photographs a case.

    The label is the condition that has more than half of the weight of the dermatologists'
    differential diagnosis.
    """

    card = DatasetCard(
        name="scin",
        title="SCIN (Google, Stanford): 10,000 photographs of skin, 5,000 cases by their owners",
        task="multi_class",
        case="case_id: one to three photographs",
        patient="case (patients are not named, so one may have several cases)",
        site="one, 'scin'",
        view="shot type: close_up, at_an_angle, at_distance",
        licence="SCIN Data Use License",
        where="the public bucket dx-scin-public-data, folder dataset",
        uncertain=(
            "no condition has more than half of the weight; ignore = unlabelled, "
            "ones = the heaviest condition"
        ),
    )

    def rows(self, source: Path, choices: ReaderChoices) -> Iterator[ImageRow]:
        """Yields the images of each case in the order of scin_cases.csv."""
        folder = source / "dataset" if (source / "dataset").is_dir() else source
        cases = first_file(folder, ["scin_cases.csv"])
        if choices.labels.uncertain == "zeros":
            raise UserError("--uncertain: scin takes ignore or ones. A case has one diagnosis.")
        labels = _labels(folder, take_all=choices.labels.uncertain == "ones")
        for row in read_csv(cases, _CASE_COLUMNS):
            for place in _PLACES:
                image = row[f"image_{place}_path"]
                if not image:
                    continue
                yield ImageRow(
                    image=folder / image.removeprefix("dataset/"),
                    case_id=row["case_id"],
                    patient_id=row["case_id"],
                    site="scin",
                    view=row[f"image_{place}_shot_type"].lower(),
                    sex={"FEMALE": "female", "MALE": "male"}.get(row["sex_at_birth"], ""),
                    age=_youngest(row["age_group"]),
                    label=labels.get(row["case_id"], ""),
                )


def _youngest(age_group: str) -> str:
    """`AGE_18_TO_29` gives 18, which lies in the same group of ages of our reports."""
    parts = age_group.split("_")
    return parts[1] if len(parts) > 1 and parts[1].isdigit() else ""


def _labels(folder: Path, take_all: bool) -> dict[str, str]:
    table = first_file(folder, ["scin_labels.csv"])
    return {
        row["case_id"]: _heaviest(row[_DIFFERENTIAL], take_all, table)
        for row in read_csv(table, ("case_id", _DIFFERENTIAL))
    }


def _heaviest(text: str, take_all: bool, table: Path) -> str:
    try:
        listed = ast.literal_eval(text or "{}").items()
        weights = {str(name): float(weight) for name, weight in listed}
    except (ValueError, SyntaxError, AttributeError, TypeError):
        raise UserError(
            f"{table}: column {_DIFFERENTIAL} holds {text!r}, which is no table of weights. "
            "Use the file as published."
        ) from None
    if not weights:
        return ""
    name = min(weights, key=lambda condition: (-weights[condition], condition))
    return name if take_all or weights[name] > _MAJORITY else ""
