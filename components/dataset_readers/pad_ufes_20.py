"""PAD-UFES-20, as published: metadata.csv beside three folders of PNG files.

Layout: Pacheco et al. 2020 (doi 10.1016/j.dib.2020.106221) and the record on Mendeley Data. The
archives unpack to `imgs_part_1` or to `imgs_part_1/imgs_part_1`; some copies merge all into
`images`.
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

_COLUMNS = ("patient_id", "lesion_id", "age", "gender", "diagnostic", "img_id")
_PARTS = ("imgs_part_1", "imgs_part_2", "imgs_part_3")


class PadUfes20Reader(DatasetReader):
    """Reads PAD-UFES-20."""

    card = DatasetCard(
        name="pad-ufes-20",
        title="PAD-UFES-20: 2,298 photographs of 1,641 skin lesions, six diagnoses",
        task="multi_class",
        case="lesion",
        patient="patient_id",
        site="one, 'pad-ufes'",
        view="none",
        licence="CC BY 4.0",
        where="Mendeley Data, doi 10.17632/zr7vgbcyr2",
    )

    def rows(self, source: Path, choices: ReaderChoices) -> Iterator[ImageRow]:
        """Yields the images in the order of the metadata; the label is `diagnostic`."""
        del choices
        table = first_file(source, ["metadata.csv"])
        parents = (source, source / "images")
        finder = ImageFinder(
            [
                *(parent / part for parent in parents for part in _PARTS),
                *(parent / part / part for parent in parents for part in _PARTS),
                source / "images",
            ]
        )
        for row in read_csv(table, _COLUMNS):
            yield ImageRow(
                image=finder.find(row["img_id"]),
                case_id=f"{row['patient_id']}/{row['lesion_id']}",
                patient_id=row["patient_id"],
                site="pad-ufes",
                sex=row["gender"].lower(),
                age=row["age"],
                label=row["diagnostic"],
            )
