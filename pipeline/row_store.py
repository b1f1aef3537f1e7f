"""Rows and cases on disk, read back group by group: memory does not grow with their number."""

import itertools
import pickle
import sqlite3
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any

from components.case_example_gen.cases import Case
from components.case_example_gen.manifest import ManifestRow
from trainer.errors import UserError

_CACHE_KIB = 32 * 1024
_TABLES = f"""
PRAGMA journal_mode = OFF;
PRAGMA cache_size = -{_CACHE_KIB};
CREATE TABLE manifest_rows (
    site TEXT, patient_id TEXT, case_id TEXT, external TEXT, number INTEGER, pickled BLOB
);
CREATE TABLE cases (patient_id TEXT, external TEXT, number INTEGER, pickled BLOB);
CREATE TABLE images (digest BLOB PRIMARY KEY, number INTEGER) WITHOUT ROWID;
BEGIN;
"""


class RowStore:
    """Rows and cases in a temporary file of SQLite's own; use as a context manager.

    The file loses its name as soon as it is open, so that identifiers are gone with the process,
    even if it is killed.
    """

    def __init__(self) -> None:
        # An empty name asks for such a file; what fits into the cache is never written.
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.executescript(_TABLES)

    def __enter__(self) -> "RowStore":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._database.close()

    def add(self, row: ManifestRow) -> None:
        """Keeps a row."""
        self._execute(
            "INSERT INTO manifest_rows VALUES (?, ?, ?, ?, ?, ?)",
            (row.site, row.patient_id, row.case_id, *row.order, pickle.dumps(row)),
        )

    def add_image(self, row: ManifestRow) -> None:
        """Keeps which row has an image, unless one with a smaller number has the same bytes."""
        self._execute(
            "INSERT INTO images VALUES (?, ?) ON CONFLICT DO UPDATE "
            "SET number = MIN(number, excluded.number)",
            (row.digest, row.row),
        )

    def first_with(self, digest: bytes) -> int:
        """Returns the number of the first row whose image has these bytes, of those kept."""
        number: int = self._execute(
            "SELECT number FROM images WHERE digest = ?", (digest,)
        ).fetchone()[0]
        return number

    def cases(self) -> Iterator[list[ManifestRow]]:
        """Yields the rows of each case."""
        return self._groups("manifest_rows", "case_id")

    def add_case(self, case: Case) -> None:
        """Keeps a case, which may be one of those that `cases` is just yielding."""
        self._execute(
            "INSERT INTO cases VALUES (?, ?, ?, ?)",
            (case.patient_id, *case.rows[0].order, pickle.dumps(case)),
        )

    def patients(self) -> Iterator[list[Case]]:
        """Yields the kept cases of each patient."""
        return self._groups("cases", "patient_id")

    def cases_by_site(self) -> Iterator[list[ManifestRow]]:
        """Yields the rows of each case at each site."""
        return self._groups("manifest_rows", "site", "case_id")

    def patients_by_site(self) -> dict[str, int]:
        """Returns the number of distinct patients of each site."""
        query = "SELECT site, COUNT(DISTINCT patient_id) FROM manifest_rows GROUP BY site"
        return dict(self._execute(query))

    def number_of_patients(self) -> int:
        """Returns the number of distinct patients."""
        query = "SELECT COUNT(DISTINCT patient_id) FROM manifest_rows"
        patients: int = self._execute(query).fetchone()[0]
        return patients

    def _execute(self, query: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        try:
            return self._database.execute(query, values)
        except sqlite3.OperationalError as error:
            raise UserError(
                f"temporary file: {error}. Free some of that disk, or set TMPDIR to another one."
            ) from error

    def _groups(self, table: str, *columns: str) -> Iterator[list[Any]]:
        # SQLite sorts on disk what does not fit into its cache.
        key = ", ".join(columns)
        rows = self._execute(f"SELECT {key}, pickled FROM {table} ORDER BY {key}, external, number")
        for _, group in itertools.groupby(rows, key=lambda row: row[:-1]):
            yield [pickle.loads(row[-1]) for row in group]
