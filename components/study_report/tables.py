"""The study's numbers as CSV, a line for each row of the result."""

import csv
import io
from collections.abc import Iterable
from typing import Any

TABLES = ("results", "contrasts", "label_efficiency", "shift", "classes", "cost")
"""Lists of rows in the result; each is a file of that name."""


def table_csv(rows: Iterable[dict[str, Any]]) -> str:
    """Returns rows as CSV; an estimate becomes columns, blank where there is no number."""
    flat = [dict(_columns(row)) for row in rows]
    text = io.StringIO()
    if flat:
        header = list(dict.fromkeys(name for row in flat for name in row))
        writer = csv.DictWriter(text, header, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(flat)
    return text.getvalue()


def _columns(row: dict[str, Any]) -> Iterable[tuple[str, Any]]:
    for name, value in row.items():
        if isinstance(value, dict) and "status" in value:
            for part, content in value.items():
                yield (name if part == "value" else f"{name}_{part}"), content
        elif isinstance(value, dict):
            for part, content in value.items():
                yield f"seed_{part}", content
        elif isinstance(value, list):
            yield name, "; ".join(value)
        else:
            yield name, value
