"""PadChest, as published: one table, and 16-bit PNG files in numbered folders.

Layout: Bustos et al. 2020 (doi 10.1016/j.media.2020.101797, arXiv 1901.07441) and the readers of
torchxrayvision. `Labels` is a Python list as text. Which of its labels make up a finding follows
the tree of labels in the paper; the tree has no class for the findings left out here.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from components.dataset_readers.image_files import ImageFinder
from components.dataset_readers.label_policy import ABSENT, PRESENT, UNKNOWN
from components.dataset_readers.published_csv import first_file, read_csv
from components.dataset_readers.reader import (
    DatasetCard,
    DatasetReader,
    ImageRow,
    ReaderChoices,
)
from components.dataset_readers.study_dates import StudyDates, parse_date
from trainer.errors import UserError

_TABLE = "PADCHEST_chest_x_ray_images_labels_160K_01.02.19.csv"
_COLUMNS = (
    "ImageID",
    "ImageDir",
    "StudyDate_DICOM",
    "StudyID",
    "PatientID",
    "PatientBirth",
    "PatientSex_DICOM",
    "Projection",
    "Labels",
)
_LABELS_OF_FINDING = {
    "No Finding": {"normal"},
    "Atelectasis": {
        "atelectasis",
        "atelectasis basal",
        "laminar atelectasis",
        "lobar atelectasis",
        "round atelectasis",
        "segmental atelectasis",
        "total atelectasis",
    },
    "Cardiomegaly": {"cardiomegaly"},
    "Consolidation": {"consolidation"},
    "Edema": {"pulmonary edema"},
    "Pleural Effusion": {
        "pleural effusion",
        "loculated pleural effusion",
        "loculated fissural effusion",
        "hydropneumothorax",
        "empyema",
        "hemothorax",
    },
    "Pneumonia": {"pneumonia", "atypical pneumonia"},
    "Pneumothorax": {"pneumothorax", "hydropneumothorax"},
}
_SAYS_NOTHING = {"", "exclude", "suboptimal study", "unchanged"}
_VIEWS = {"L": "lateral", "EXCLUDE": "", "UNK": ""}


class PadchestReader(DatasetReader):
    """Reads PadChest; a report that says only `unchanged`, `exclude` or the like is unlabelled."""

    card = DatasetCard(
        name="padchest",
        title="PadChest (Hospital San Juan, Alicante): 160,868 chest X-rays of 67,000 patients",
        task="multi_label",
        case="study (StudyID)",
        patient="PatientID",
        site="one, 'padchest'",
        view="Projection: PA, AP, AP_horizontal, lateral, COSTAL",
        licence="research use agreement of BIMCV",
        where="the BIMCV project page, after registration",
    )
    findings = tuple(_LABELS_OF_FINDING)

    def rows(self, source: Path, choices: ReaderChoices) -> Iterator[ImageRow]:
        """Yields the images in the order of the table."""
        del choices
        table = first_file(source, [_TABLE, f"{_TABLE}.gz"])
        finder = ImageFinder([source, source / "images"])
        dates = StudyDates(
            (row["PatientID"], row["StudyDate_DICOM"]) for row in read_csv(table, _COLUMNS)
        )
        for row in read_csv(table, _COLUMNS):
            image = source / row["ImageDir"] / row["ImageID"]
            day = row["StudyDate_DICOM"]
            yield ImageRow(
                image=image if image.is_file() else finder.find(row["ImageID"]),
                case_id=row["StudyID"],
                patient_id=row["PatientID"],
                site="padchest",
                view=_VIEWS.get(row["Projection"], row["Projection"]),
                sex={"F": "female", "M": "male"}.get(row["PatientSex_DICOM"], ""),
                age=_age(row["PatientBirth"], day),
                visit=dates.days(row["PatientID"], day),
                findings=_values(row["Labels"], table),
            )


def _age(birth: str, day: str) -> str:
    """The year of birth may be written `1949` or `1949.0`."""
    studied = parse_date(day)
    year = birth.split(".")[0]
    if studied is None or not year.isdigit():
        return ""
    age = studied.year - int(year)
    return str(age) if 0 <= age <= 120 else ""


def _values(text: str, table: Path) -> tuple[str, ...]:
    try:
        listed = ast.literal_eval(text) if text and text != "nan" else []
        labels = {str(label).strip().lower() for label in listed}
    except (ValueError, SyntaxError, TypeError):
        raise UserError(
            f"{table}: column Labels holds {text!r}, which is no list. Use the file as published."
        ) from None
    if labels <= _SAYS_NOTHING:
        return (UNKNOWN,) * len(_LABELS_OF_FINDING)
    return tuple(PRESENT if labels & own else ABSENT for own in _LABELS_OF_FINDING.values())
