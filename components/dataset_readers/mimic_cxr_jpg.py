"""MIMIC-CXR-JPG, as published on PhysioNet.

Layout: the project page of version 2.1.0 (doi 10.13026/jsn5-t979). Images are
`files/p10/p10000032/s50414267/<dicom_id>.jpg`; labels are per study, images and views per
`dicom_id`, so the tables are joined. Dates are shifted per patient by the publisher.
"""

from collections.abc import Iterator
from pathlib import Path

from components.dataset_readers.chest_findings import CHEXPERT_FINDINGS, chexpert_values
from components.dataset_readers.label_policy import UNKNOWN
from components.dataset_readers.published_csv import first_file, read_csv
from components.dataset_readers.reader import (
    DatasetCard,
    DatasetReader,
    ImageRow,
    ReaderChoices,
)
from components.dataset_readers.study_dates import StudyDates
from trainer.errors import UserError

_METADATA_COLUMNS = ("dicom_id", "subject_id", "study_id", "ViewPosition", "StudyDate")
_SPLITS = {"train": "train", "validate": "validation", "test": "test"}
_UNLABELLED = (UNKNOWN,) * len(CHEXPERT_FINDINGS)


class MimicCxrJpgReader(DatasetReader):
    """Reads MIMIC-CXR-JPG with the labels of the CheXpert labeller.

    The labels of all studies stay in memory (about 100 MB); images and views do not.
    """

    card = DatasetCard(
        name="mimic-cxr-jpg",
        title="MIMIC-CXR-JPG (Beth Israel Deaconess): 377,110 chest X-rays, 227,827 reports",
        task="multi_label",
        case="study",
        patient="subject_id",
        site="one, 'mimic'",
        view="ViewPosition: AP, PA, lateral, LL, ...",
        licence="PhysioNet Credentialed Health Data License; no redistribution",
        where="PhysioNet, with credentialed access",
        uncertain="-1: the report hedges",
        unmentioned=True,
        official_split="train, validation and test are given",
    )
    findings = CHEXPERT_FINDINGS

    def rows(self, source: Path, choices: ReaderChoices) -> Iterator[ImageRow]:
        """Yields the images in the order of the metadata; a study without labels is unlabelled."""
        metadata = _table(source, "metadata")
        labels = _labels(source, choices)
        splits = _splits(source) if choices.official_split else {}
        dates = StudyDates(
            (row["subject_id"], row["StudyDate"]) for row in read_csv(metadata, _METADATA_COLUMNS)
        )
        for row in read_csv(metadata, _METADATA_COLUMNS):
            patient, study = row["subject_id"], row["study_id"]
            folder = source / "files" / f"p{patient[:2]}" / f"p{patient}" / f"s{study}"
            view = row["ViewPosition"]
            yield ImageRow(
                image=folder / f"{row['dicom_id']}.jpg",
                case_id=study,
                patient_id=patient,
                site="mimic",
                view="lateral" if view == "LATERAL" else view,
                visit=dates.days(patient, row["StudyDate"]),
                split=splits.get(patient, ""),
                findings=labels.get(study, _UNLABELLED),
            )


def _table(source: Path, name: str) -> Path:
    file = f"mimic-cxr-2.0.0-{name}.csv"
    return first_file(source, [f"{file}.gz", file])


def _labels(source: Path, choices: ReaderChoices) -> dict[str, tuple[str, ...]]:
    table = _table(source, "chexpert")
    columns = ("subject_id", "study_id", *CHEXPERT_FINDINGS)
    return {
        row["study_id"]: chexpert_values(row, choices.labels, table)
        for row in read_csv(table, columns)
    }


def _splits(source: Path) -> dict[str, str]:
    table = _table(source, "split")
    splits = {}
    for row in read_csv(table, ("subject_id", "split")):
        if row["split"] not in _SPLITS:
            raise UserError(
                f"{table}: column split holds '{row['split']}', which is none of "
                f"{', '.join(_SPLITS)}. Use the file as published."
            )
        splits[row["subject_id"]] = _SPLITS[row["split"]]
    return splits
