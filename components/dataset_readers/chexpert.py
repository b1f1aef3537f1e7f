"""CheXpert, as published: train.csv and valid.csv beside the folders `train` and `valid`.

Layout: Irvin et al. 2019 (arXiv 1901.07031) and the tables themselves, as bundled with the
package torchxrayvision. `Path` starts with the name of the published folder
(`CheXpert-v1.0-small/` or `CheXpert-v1.0/`), whatever it is called here.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from components.dataset_readers.chest_findings import CHEXPERT_FINDINGS, chexpert_values
from components.dataset_readers.published_csv import first_file, read_csv
from components.dataset_readers.reader import (
    DatasetCard,
    DatasetReader,
    ImageRow,
    ReaderChoices,
)
from trainer.errors import UserError

_COLUMNS = ("Path", "Sex", "Age", "Frontal/Lateral", "AP/PA", *CHEXPERT_FINDINGS)
_PATH = re.compile(r"(?:.*/)?((?:train|valid)/(patient\d+)/(study\d+)/[^/]+)")


class ChexpertReader(DatasetReader):
    """Reads CheXpert 1.0, full or small."""

    card = DatasetCard(
        name="chexpert",
        title="CheXpert 1.0 (Stanford): 224,316 chest X-rays of 65,240 patients",
        task="multi_label",
        case="study",
        patient="patient",
        site="one, 'chexpert'",
        view="AP, PA, LL or RL; lateral where only that is said",
        licence="research use agreement of Stanford AIMI; no redistribution",
        where="the Stanford AIMI data page, after registration",
        uncertain="-1: the report hedges",
        unmentioned=True,
        official_split="valid.csv is the test split; train.csv is drawn",
    )
    findings = CHEXPERT_FINDINGS

    def rows(self, source: Path, choices: ReaderChoices) -> Iterator[ImageRow]:
        """Yields the images of train.csv, then those of valid.csv if it is there."""
        first_file(source, ["train.csv"])
        for name in ("train.csv", "valid.csv"):
            table = source / name
            if not table.is_file():
                continue
            split = "test" if choices.official_split and name == "valid.csv" else ""
            for row in read_csv(table, _COLUMNS):
                match = _PATH.fullmatch(row["Path"])
                if match is None:
                    raise UserError(
                        f"{table}: the path '{row['Path']}' is not of the form "
                        "train/patientN/studyN/IMAGE. Use the file as published."
                    )
                inside, patient, study = match.groups()
                yield ImageRow(
                    image=source / inside,
                    case_id=f"{patient}/{study}",
                    patient_id=patient,
                    site="chexpert",
                    view=row["AP/PA"] or row["Frontal/Lateral"].lower(),
                    sex="" if row["Sex"] == "Unknown" else row["Sex"].lower(),
                    age=row["Age"],
                    split=split,
                    findings=chexpert_values(row, choices.labels, table),
                )
