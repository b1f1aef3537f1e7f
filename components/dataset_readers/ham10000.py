"""HAM10000, as published: the metadata beside two folders of images.

Layout: Tschandl et al. 2018 (doi 10.1038/sdata.2018.161) and the tables of the Harvard Dataverse
(`HAM10000_metadata`, or `.tab`) and of its copies (`HAM10000_metadata.csv`), which lack the column
`dataset`.
"""

from collections import defaultdict
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

_TABLES = ("HAM10000_metadata", "HAM10000_metadata.csv", "HAM10000_metadata.tab")
_FOLDERS = ("HAM10000_images_part_1", "HAM10000_images_part_2", "HAM10000_images")
_COLUMNS = ("lesion_id", "image_id", "dx", "age", "sex")


class Ham10000Reader(DatasetReader):
    """Reads HAM10000.

    A lesion that two sources photographed is one case per source, named `lesion/source`, so that
    every case has one site; both keep the lesion as their patient and so stay in one split.
    """

    card = DatasetCard(
        name="ham10000",
        title="HAM10000: 10,015 dermatoscopic images of 7,470 lesions, seven diagnoses",
        task="multi_class",
        case="lesion; one per source where two sources photographed it",
        patient="lesion (patients are not named)",
        site="source (vidir_modern, rosendahl, ...); 'ham10000' where the table lacks it",
        view="none",
        licence="CC BY-NC-SA 4.0",
        where="the Harvard Dataverse, doi 10.7910/DVN/DBW86T",
    )

    def rows(self, source: Path, choices: ReaderChoices) -> Iterator[ImageRow]:
        """Yields the images in the order of the metadata; the label is the diagnosis `dx`."""
        del choices
        table = first_file(source, _TABLES)
        finder = ImageFinder([source / folder for folder in _FOLDERS])
        sites_of_lesion: defaultdict[str, set[str]] = defaultdict(set)
        for row in read_csv(table, _COLUMNS):
            sites_of_lesion[row["lesion_id"]].add(_site(row))
        for row in read_csv(table, _COLUMNS):
            lesion, site = row["lesion_id"], _site(row)
            yield ImageRow(
                image=finder.find(f"{row['image_id']}.jpg"),
                case_id=lesion if len(sites_of_lesion[lesion]) == 1 else f"{lesion}/{site}",
                patient_id=lesion,
                site=site,
                sex=row["sex"] if row["sex"] in ("female", "male") else "",
                age=row["age"],
                label=row["dx"],
            )


def _site(row: dict[str, str]) -> str:
    return row.get("dataset") or "ham10000"
