"""A study's rows in a report that withholds small counts."""

from collections.abc import Mapping
from typing import Any

from components.slice_report.disclosure.cells import WITHHELD as WITHHELD_COUNT
from components.slice_report.disclosure.cells import (
    Counts,
    Key,
    Sum,
    is_small,
    shown_count,
    withheld,
)
from components.slice_report.estimates import WITHHELD, without_number
from components.slice_report.rule_slices import IN_DISTRIBUTION_NAME
from components.slice_report.study_excerpt import HELD_OUT_PLACE

_ESTIMATES = ("in_distribution", "estimate", "loss", "difference")


def protect_study(
    study: dict[str, Any], slices: Mapping[str, dict[str, Any]], below: int
) -> dict[str, Any]:
    """Returns a study's excerpt without rows that rest on few cases.

    Args:
        study: What `read_study` returns.
        slices: The report's own by name, as they are shown: a class goes whose AUC is withheld
            there, since the study may judge the same cases.
        below: Counts from 1 to below this are small.
    """
    small_groups = {row["group"] for row in study["results"] if is_small(row["cases"], below)}
    hidden_places = _hidden_places(study["shift"], below)
    hidden_classes = _hidden_classes(slices.get(IN_DISTRIBUTION_NAME))
    return study | {
        "results": [
            _without_numbers(row) | {"cases": WITHHELD_COUNT, "by_seed": {}}
            if row["group"] in small_groups
            else row
            for row in study["results"]
        ],
        "contrasts": [
            _without_numbers(row) if row["group"] in small_groups else row
            for row in study["contrasts"]
        ],
        "shift": [
            _without_numbers(row) | {"cases": shown_count(row["cases"], True, below)}
            if row["place"] in hidden_places
            else row
            for row in study["shift"]
        ],
        "classes": [
            _without_numbers(row) if row["class"] in hidden_classes else row
            for row in study["classes"]
        ],
    }


def _without_numbers(row: dict[str, Any]) -> dict[str, Any]:
    estimates = {name: row[name] and without_number(WITHHELD) for name in _ESTIMATES if name in row}
    return row | estimates | {"p_value": None, "p_holm": None}


def _hidden_places(rows: list[dict[str, Any]], below: int) -> set[str]:
    """Returns places with few cases, and one more where the rest would give a single one away."""
    cells: dict[Key, Counts] = {(row["place"],): {"cases": row["cases"]} for row in rows}
    whole = (HELD_OUT_PLACE,)
    # The total stands in the results too, so it counts as known.
    sums = [Sum(tuple(key for key in cells if key != whole))] if whole in cells else []
    return {key[0] for key in withheld(cells, sums, below)}


def _hidden_classes(entry: dict[str, Any] | None) -> set[str]:
    models = entry["models"].values() if entry is not None else ()
    return {
        name
        for model in models
        for name, values in model["classes"].items()
        if values["auc"]["status"] == WITHHELD
    }
