"""Writes the rows of a reader as a manifest CSV (docs/data.md)."""

import csv
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from components.dataset_readers.reader import DatasetReader, ImageRow

_COLUMNS = ("case_id", "patient_id", "site", "view", "sex", "age", "visit", "split")


def write_manifest(reader: DatasetReader, rows: Iterable[ImageRow], path: Path) -> int:
    """Writes the rows one at a time; a failed run leaves an old file untouched.

    Args:
        reader: Whose rows they are; says which label columns there are.
        rows: Of that reader.
        path: Of the CSV. Images below its folder are named relative to it, others absolutely.

    Returns:
        The number of rows.
    """
    folder = f"{path.parent.absolute()}/"
    count = 0
    with replaced(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["image", *_COLUMNS, *_label_columns(reader)])
        for row in rows:
            values = [getattr(row, column) for column in _COLUMNS]
            writer.writerow(
                [str(row.image.absolute()).removeprefix(folder), *values, *_labels(reader, row)]
            )
            count += 1
    return count


@contextmanager
def replaced(path: Path) -> Iterator[TextIO]:
    """Opens a text file that takes the place of `path` only when all of it is written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    try:
        with partial.open("w", encoding="utf-8", newline="") as file:
            yield file
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _label_columns(reader: DatasetReader) -> tuple[str, ...]:
    return ("label",) if reader.card.task == "multi_class" else reader.findings


def _labels(reader: DatasetReader, row: ImageRow) -> tuple[str, ...]:
    return (row.label,) if reader.card.task == "multi_class" else row.findings
