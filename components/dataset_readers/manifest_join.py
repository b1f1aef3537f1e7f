"""Joins manifests of several collections into one, to train on some sites and test on others."""

import csv
from collections.abc import Sequence
from pathlib import Path

from components.case_example_gen.manifest import REQUIRED_COLUMNS, delimiter_of
from components.dataset_readers.manifest_file import replaced
from components.dataset_readers.pseudonymous_rows import pseudonyms
from components.dataset_readers.published_csv import read_csv
from trainer.errors import UserError


def join_manifests(manifests: Sequence[Path], output: Path, key: bytes | None = None) -> int:
    """Writes the rows of all manifests, one after another; nothing is held in memory.

    A column that one of them lacks is blank in its rows: a finding that a collection does not
    label is unknown there.

    Args:
        manifests: Each with the required columns. Images stay where they are.
        output: CSV to write; an old one stays until all is written.
        key: Secret, under which patients and cases become keyed hashes; None leaves them as they
            are.

    Returns:
        The number of rows.

    Raises:
        UserError: A manifest is missing or lacks a required column.
    """
    columns: dict[str, None] = {}
    for path in manifests:
        columns.update(dict.fromkeys(_columns(path)))
    folder = f"{output.parent.absolute()}/"
    count = 0
    with replaced(output) as file:
        writer = csv.DictWriter(file, list(columns), restval="", lineterminator="\n")
        writer.writeheader()
        for path in manifests:
            for row in read_csv(path, REQUIRED_COLUMNS):
                image = path.parent.absolute() / row["image"]
                row["image"] = str(image).removeprefix(folder)
                if key is not None:
                    row["patient_id"], row["case_id"] = pseudonyms(
                        key, row["patient_id"], row["case_id"]
                    )
                writer.writerow(row)
                count += 1
    return count


def _columns(path: Path) -> list[str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = file.readline()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: the manifest cannot be read ({type(error).__name__}).") from error
    columns = [c.strip() for c in next(csv.reader([header], delimiter=delimiter_of(header)), [])]
    missing = [column for column in REQUIRED_COLUMNS if column not in columns]
    if missing:
        raise UserError(f"{path}: no manifest, column {missing[0]} is missing (docs/data.md).")
    return columns
