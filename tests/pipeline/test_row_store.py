"""Rows kept on disk come back by case, patient and site, whatever order they came in."""

import dataclasses
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from components.case_example_gen.cases import Case, assemble_case
from components.case_example_gen.settings import DataSettings
from pipeline import row_store
from pipeline.row_store import RowStore
from tests.manifest_rows import ROW
from trainer.errors import UserError

ROOT = Path(__file__).resolve().parents[2]
DATA = DataSettings(manifest="manifest.csv", task="unlabelled")


def row(number, case_id, patient_id, **changes):
    return dataclasses.replace(ROW, row=number, case_id=case_id, patient_id=patient_id, **changes)


def numbers(groups):
    return [[member.row for member in group] for group in groups]


@pytest.fixture
def store():
    rows = [
        row(2, "b", "q"),
        row(3, "a", "p"),
        row(4, "b", "q"),
        row(5, "c", "p"),
        row(6, "c", "p", site="south"),
        row(2, "x/a", "x/p", site="x", external="x"),
    ]
    random.Random(0).shuffle(rows)
    with RowStore() as store:
        for each in rows:
            store.add(each)
        yield store


def test_rows_come_back_by_case_in_the_order_of_the_manifest(store):
    assert numbers(store.cases()) == [[3], [2, 4], [5, 6], [2]]


def test_a_case_at_two_sites_is_a_case_of_each(store):
    assert numbers(store.cases_by_site()) == [[3], [2, 4], [5], [6], [2]]


def test_cases_that_are_kept_while_they_are_read_come_back_by_patient(store):
    for rows in store.cases():
        case = assemble_case(rows, DATA)
        if isinstance(case, Case):
            store.add_case(case)
    found = [[case.case_id for case in cases] for cases in store.patients()]
    # Case c stands at two sites, so it is a conflict.
    assert found == [["a"], ["b"], ["x/a"]]


def test_patients_are_counted_once(store):
    assert store.patients_by_site() == {"north": 2, "south": 1, "x": 1}
    assert store.number_of_patients() == 3


def test_an_image_is_told_with_its_first_row_whatever_order_they_came_in(store):
    for number, digest in ((4, b"one"), (3, b"two"), (2, b"one"), (5, b"one")):
        store.add_image(row(number, "a", "p", digest=digest))
    assert (store.first_with(b"one"), store.first_with(b"two")) == (2, 3)


def test_a_full_disk_is_said_with_the_remedy(monkeypatch):
    monkeypatch.setattr(row_store, "_TABLES", "PRAGMA max_page_count = 20;" + row_store._TABLES)
    with RowStore() as store, pytest.raises(UserError, match=r"full\. .* set TMPDIR"):
        for number in range(1000):
            store.add(row(number, f"case-{number}", "p"))


FILL_AND_LIST = """
from pathlib import Path
from pipeline.row_store import RowStore
from tests.pipeline.test_row_store import row

with RowStore() as store:
    for number in range(150_000):
        store.add(row(number, f"case-{number}", f"patient-{number}"))
    for file in Path("/proc/self/fd").iterdir():
        if file.exists() or file.is_symlink():
            print(file.readlink())
"""


def test_what_the_cache_does_not_hold_is_in_a_file_without_a_name(tmp_path):
    # In a process of its own: SQLite asks once where temporary files belong.
    environment = os.environ | {"SQLITE_TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", FILL_AND_LIST]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    opened = [line for line in done.stdout.splitlines() if line.startswith(str(tmp_path))]
    assert [line.endswith("(deleted)") for line in opened] == [True]
    assert list(tmp_path.iterdir()) == []
