"""Reads CSV files of which every row must be there: published tables, cases to be scored."""

import csv
import gzip
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

from components.case_example_gen.manifest import delimiter_of, swallows_rows
from trainer.errors import UserError


def read_csv(path: Path, columns: Iterable[str]) -> Iterator[dict[str, str]]:
    """Yields the rows of a table, with the blanks around its values removed.

    Args:
        path: Of the file: commas, semicolons or tabs; gzipped or not; a byte order mark or not.
        columns: Columns that must be there.

    Raises:
        UserError: The file is missing, broken, or lacks a column; a row has too few or too many
            cells, as the last one of a file that is cut; a quotation mark swallows rows.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such file. Name the folder that holds {path.name}.")
    try:
        with _open_text(path) as file:
            header = file.readline()
            delimiter = delimiter_of(header)
            names = [name.strip() for name in next(csv.reader([header], delimiter=delimiter), [])]
            missing = [column for column in columns if column not in names]
            if missing:
                raise UserError(
                    f"{path}: column {', '.join(missing)} missing. The header has: "
                    f"{', '.join(names)}."
                )
            for row, cells in enumerate(csv.reader(file, delimiter=delimiter), start=2):
                if swallows_rows(cells, delimiter):
                    raise UserError(
                        f"{path}, row {row}: a quoted cell goes on over the rows that follow. "
                        "Close or remove its quotation mark."
                    )
                if any(cell.strip() for cell in cells):
                    yield dict(zip(names, _cells(cells, names, f"{path}, row {row}"), strict=False))
    except (UnicodeDecodeError, gzip.BadGzipFile, EOFError, csv.Error) as error:
        raise UserError(f"{path}: cannot be read ({error}). Fetch the file again.") from error


def _cells(cells: list[str], names: list[str], place: str) -> list[str]:
    """Returns the cells of a row; a blank name or cell at its end counts for nothing."""
    stripped = [cell.strip() for cell in cells]
    named = len(names) - next((n for n, name in enumerate(reversed(names)) if name), 0)
    if len(stripped) < named or any(stripped[len(names) :]):
        raise UserError(
            f"{place}: {len(cells)} cells where the header has {named}. The file may be cut: "
            "fetch it again, or mend the row."
        )
    return stripped


def first_file(folder: Path, names: Iterable[str]) -> Path:
    """Returns the first of the files that is there.

    Raises:
        UserError: None is.
    """
    candidates = [folder / name for name in names]
    for path in candidates:
        if path.is_file():
            return path
    listed = " or ".join(path.name for path in candidates)
    raise UserError(f"{folder}: holds no {listed}. Name the folder of the set as published.")


def _open_text(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")
