"""ChestX-ray14 of the NIH Clinical Center, as published.

Layout: the data set's own README and Wang et al. 2017 (arXiv 1705.02315), and the table as
bundled with the package torchxrayvision. The header's unquoted commas in `OriginalImage[Width,
Height]` make two columns of one; older tables end every line with a comma and write ages as
`058Y`. Images lie in `images/`, or in twelve folders `images_001/images/` and so on.
"""

from collections.abc import Iterator
from pathlib import Path

from components.dataset_readers.image_files import ImageFinder
from components.dataset_readers.label_policy import ABSENT, PRESENT
from components.dataset_readers.published_csv import first_file, read_csv
from components.dataset_readers.reader import (
    DatasetCard,
    DatasetReader,
    ImageRow,
    ReaderChoices,
)
from trainer.errors import UserError

_TABLES = ("Data_Entry_2017_v2020.csv", "Data_Entry_2017.csv")
_COLUMNS = ("Image Index", "Finding Labels", "Follow-up #", "Patient ID", "Patient Age")
_PUBLISHED_NAMES = {"Effusion": "Pleural Effusion", "Pleural_Thickening": "Pleural Thickening"}
_OLDEST = 120


class NihChestXray14Reader(DatasetReader):
    """Reads ChestX-ray14."""

    card = DatasetCard(
        name="nih-chestxray14",
        title="ChestX-ray14 (NIH Clinical Center): 112,120 chest X-rays of 30,805 patients",
        task="multi_label",
        case="image (a patient's follow-ups have one image each)",
        patient="Patient ID",
        site="one, 'nih'",
        view="PA or AP",
        licence="no restriction; the NIH Clinical Center asks to be named",
        where="the NIH Clinical Center's public download folder",
        official_split="test_list.txt is the test split; train_val_list.txt is drawn",
    )
    findings = (
        "No Finding",
        "Atelectasis",
        "Cardiomegaly",
        "Consolidation",
        "Edema",
        "Emphysema",
        "Fibrosis",
        "Hernia",
        "Infiltration",
        "Mass",
        "Nodule",
        "Pleural Effusion",
        "Pleural Thickening",
        "Pneumonia",
        "Pneumothorax",
    )

    def rows(self, source: Path, choices: ReaderChoices) -> Iterator[ImageRow]:
        """Yields the images of the table; an impossible age is left blank (some are above 400)."""
        table = first_file(source, _TABLES)
        parts = [source / f"images_{part:03d}" for part in range(1, 13)]
        finder = ImageFinder(
            [source / "images", *(part / "images" for part in parts), *parts, source]
        )
        test_images = _test_images(source) if choices.official_split else set()
        for row in read_csv(table, _COLUMNS):
            image = row["Image Index"]
            yield ImageRow(
                image=finder.find(image),
                case_id=Path(image).stem,
                patient_id=row["Patient ID"],
                site="nih",
                view=row.get("View Position", ""),
                sex={"F": "female", "M": "male"}.get(
                    row.get("Patient Gender") or row.get("Patient Sex", ""), ""
                ),
                age=_age(row["Patient Age"]),
                visit=row["Follow-up #"],
                split="test" if image in test_images else "",
                findings=self._values(row["Finding Labels"], table),
            )

    def _values(self, labels: str, table: Path) -> tuple[str, ...]:
        present = {_PUBLISHED_NAMES.get(label, label) for label in labels.split("|")}
        unknown = present - set(self.findings)
        if unknown:
            raise UserError(
                f"{table}: '{min(unknown)}' is no finding of ChestX-ray14. "
                "Use the file as published."
            )
        return tuple(PRESENT if finding in present else ABSENT for finding in self.findings)


def _test_images(source: Path) -> set[str]:
    listed = first_file(source, ["test_list.txt"]).read_text(encoding="utf-8")
    return set(listed.split())


def _age(text: str) -> str:
    years = text.removesuffix("Y").lstrip("0") or "0"
    return years if years.isdigit() and int(years) <= _OLDEST else ""
