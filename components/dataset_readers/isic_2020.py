"""The training set of the SIIM-ISIC 2020 challenge, as published.

Layout: Rotemberg et al. 2021 (doi 10.1038/s41597-021-00815-z) and the challenge's data page. The
second version of the ground truth adds `lesion_id`.
"""

from collections.abc import Iterator
from pathlib import Path

from components.dataset_readers.image_files import ImageFinder
from components.dataset_readers.published_csv import first_file, read_csv
from components.dataset_readers.reader import (
    DatasetCard,
    DatasetReader,
    ImageRow,
    ReaderChoices,
)

_TABLES = (
    "ISIC_2020_Training_GroundTruth_v2.csv",
    "ISIC_2020_Training_GroundTruth.csv",
    "train.csv",
)
_FOLDERS = ("train", "ISIC_2020_Training_JPEG/train", "jpeg/train")
_COLUMNS = ("image_name", "patient_id", "sex", "age_approx", "benign_malignant")


class Isic2020Reader(DatasetReader):
    """Reads the JPEG training images of ISIC 2020."""

    card = DatasetCard(
        name="isic-2020",
        title="SIIM-ISIC 2020 training set: 33,126 dermatoscopic images of 2,056 patients",
        task="multi_class",
        case="lesion where the table names it (version 2), else the image",
        patient="patient_id; the case where it is blank",
        site="one, 'isic-2020'",
        view="none",
        licence="CC BY-NC 4.0",
        where="the data page of the ISIC challenges",
    )

    def rows(self, source: Path, choices: ReaderChoices) -> Iterator[ImageRow]:
        """Yields the images in the order of the table; the label is `benign` or `malignant`."""
        del choices
        table = first_file(source, _TABLES)
        finder = ImageFinder([source / folder for folder in _FOLDERS])
        for row in read_csv(table, _COLUMNS):
            case = row.get("lesion_id") or row["image_name"]
            yield ImageRow(
                image=finder.find(f"{row['image_name']}.jpg"),
                case_id=case,
                patient_id=row["patient_id"] or case,
                site="isic-2020",
                sex=row["sex"] if row["sex"] in ("female", "male") else "",
                age="" if row["age_approx"] == "unknown" else row["age_approx"],
                label=row["benign_malignant"],
            )
