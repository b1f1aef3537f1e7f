"""Every number of a report, one a row: `numbers.csv`."""

import csv
import io
from collections.abc import Iterator
from typing import Any

from components.slice_report.spreadsheet import safe_cell

COLUMNS = ("place", "value")


def numbers_csv(data: dict[str, Any]) -> str:
    """Returns each single value of `report.json`, in its order, with its place there.

    The place is a JSON pointer (RFC 6901): `/slices/0/models/candidate/metrics/mean_auc/value`. A
    list's places are counted from 0. What is null is empty; what is empty has no row.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_rows("", data))
    return text.getvalue()


def _rows(place: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _rows(f"{place}/{_escaped(name)}", part)
    elif isinstance(value, list | tuple):
        for index, part in enumerate(value):
            yield from _rows(f"{place}/{index}", part)
    elif isinstance(value, bool):
        yield place, str(value).lower()
    else:
        yield place, safe_cell(value) if isinstance(value, str) else value


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
