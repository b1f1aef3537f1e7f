"""The training set of the ISIC 2019 challenge, as published.

Layout: the challenge's data page, and its two tables: a one-hot ground truth and metadata. The
beginning of a lesion's identifier names the collection that it came from (HAM, BCN, MSK).
"""

import re
from collections.abc import Iterator
from pathlib import Path

from components.dataset_readers.image_files import ImageFinder
from components.dataset_readers.published_csv import read_csv
from components.dataset_readers.reader import (
    DatasetCard,
    DatasetReader,
    ImageRow,
    ReaderChoices,
)
from trainer.errors import UserError

_CLASSES = ("MEL", "NV", "BCC", "AK", "BKL", "DF", "VASC", "SCC", "UNK")
_METADATA_COLUMNS = ("image", "age_approx", "lesion_id", "sex")


class Isic2019Reader(DatasetReader):
    """Reads the training images of ISIC 2019; only these have published diagnoses and lesions."""

    card = DatasetCard(
        name="isic-2019",
        title="ISIC 2019 training set: 25,331 dermatoscopic images, eight diagnoses",
        task="multi_class",
        case="lesion; the image where the lesion is not named",
        patient="lesion or image (patients are not named)",
        site="collection: HAM, BCN, MSK; 'unknown' where the lesion is not named",
        view="none",
        licence="CC BY-NC 4.0",
        where="the data page of the ISIC challenges",
    )

    def rows(self, source: Path, choices: ReaderChoices) -> Iterator[ImageRow]:
        """Yields the images in the order of the metadata."""
        del choices
        labels = _labels(source / "ISIC_2019_Training_GroundTruth.csv")
        folder = source / "ISIC_2019_Training_Input"
        finder = ImageFinder([folder, folder / folder.name])
        for row in read_csv(source / "ISIC_2019_Training_Metadata.csv", _METADATA_COLUMNS):
            image, lesion = row["image"], row["lesion_id"]
            collection = re.match("[A-Za-z]+", lesion)
            yield ImageRow(
                image=finder.find(f"{image}.jpg"),
                case_id=lesion or image,
                patient_id=lesion or image,
                site=collection.group() if collection else "unknown",
                sex=row["sex"],
                age=row["age_approx"],
                label=labels.get(image, ""),
            )


def _labels(table: Path) -> dict[str, str]:
    labels = {}
    for row in read_csv(table, ("image", *_CLASSES)):
        given = [name for name in _CLASSES if row[name] in ("1", "1.0")]
        if len(given) != 1:
            raise UserError(
                f"{table}: image {row['image']} has {len(given)} diagnoses instead of one. "
                "Use the file as published."
            )
        labels[row["image"]] = given[0]
    return labels
