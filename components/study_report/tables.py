"""The study's numbers as CSV, a line for each row of the result."""

import csv
import functools
import io
import json
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Any

TABLES = ("results", "contrasts", "label_efficiency", "shift", "classes", "cost")
"""Lists of rows in the result; each is a file of that name."""

_ESTIMATE = "#/$defs/estimate"
_BY_SEED = "by_seed"


def table_csv(name: str, results: Mapping[str, Any]) -> str:
    """Returns a table as CSV; an estimate becomes columns, blank where there is no number.

    It has the columns that `schemas/study_report.schema.json` describes, whatever its rows.

    Args:
        name: One of `TABLES`.
        results: What `study_results` returns.
    """
    text = io.StringIO()
    header = list(_header(name, results["seeds"]))
    writer = csv.DictWriter(text, header, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(dict(_cells(row)) for row in results[name])
    return text.getvalue()


def _header(table: str, seeds: list[int]) -> Iterator[str]:
    schema = _schema()
    parts = schema["$defs"]["estimate"]["properties"]
    for name, described in schema["properties"][table]["items"]["properties"].items():
        if _ESTIMATE in [kind.get("$ref") for kind in (described, *described.get("oneOf", []))]:
            yield from (_part_of(name, part) for part in parts)
        elif name == _BY_SEED:
            yield from (f"seed_{seed}" for seed in seeds)
        else:
            yield name


@functools.cache
def _schema() -> dict[str, Any]:
    text = (resources.files("schemas") / "study_report.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def _cells(row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        if name == _BY_SEED:
            yield from ((f"seed_{seed}", content) for seed, content in value.items())
        elif isinstance(value, dict):
            yield from ((_part_of(name, part), content) for part, content in value.items())
        elif isinstance(value, list):
            yield name, "; ".join(value)
        else:
            yield name, value


def _part_of(estimate: str, part: str) -> str:
    return estimate if part == "value" else f"{estimate}_{part}"
