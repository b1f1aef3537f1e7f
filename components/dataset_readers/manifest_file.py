"""Writes the rows of a reader as a manifest CSV (docs/data.md)."""

import csv
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from components.dataset_readers.reader import DatasetReader, ImageRow
from trainer.errors import UserError

_COLUMNS = ("case_id", "patient_id", "site", "view", "sex", "age", "visit", "split")


def write_manifest(reader: DatasetReader, rows: Iterable[ImageRow], path: Path) -> int:
    """Writes the rows one at a time; a failed run leaves an old file untouched.

    Args:
        reader: Whose rows they are; says which label columns there are.
        rows: Of that reader.
        path: Of the CSV. Images below its folder are named relative to it, others absolutely.

    Returns:
        The number of rows.

    Raises:
        UserError: The file cannot be written, or an image's name is no text.
    """
    folder = f"{path.parent.absolute()}/"
    columns = _columns(reader)
    count = 0
    with replaced(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["image", *columns, *_label_columns(reader)])
        for row in rows:
            values = [getattr(row, column) for column in columns]
            image = str(row.image.absolute()).removeprefix(folder)
            if not _is_text(image):
                raise UserError(f"{image!a}: the file's name is not UTF-8 text. Rename the file.")
            writer.writerow([image, *values, *_labels(reader, row)])
            count += 1
    return count


@contextmanager
def replaced(path: Path) -> Iterator[TextIO]:
    """Opens a text file that takes the place of `path` only when all of it is written.

    Raises:
        UserError: It cannot be written there.
    """
    partial = path.with_name(path.name + ".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = partial.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror}).") from error
    try:
        with file:
            yield file
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _is_text(name: str) -> bool:
    """Says whether a file's name, which is bytes on Linux, is UTF-8."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _columns(reader: DatasetReader) -> tuple[str, ...]:
    return (*_COLUMNS, "text_in_pixels") if reader.card.states_text else _COLUMNS


def _label_columns(reader: DatasetReader) -> tuple[str, ...]:
    return ("label",) if reader.card.task == "multi_class" else reader.findings


def _labels(reader: DatasetReader, row: ImageRow) -> tuple[str, ...]:
    return (row.label,) if reader.card.task == "multi_class" else row.findings
