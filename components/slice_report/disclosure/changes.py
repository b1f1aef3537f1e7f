"""Withholds small counts among the cases that two models name differently."""

from collections.abc import Sequence
from typing import Any

from components.slice_report.disclosure.cells import Counts, Key, Sum, shown_count, withheld
from components.slice_report.disclosure.hidden_slices import HiddenSlices
from components.slice_report.disclosure.slice_sums import SLICE, slice_sums
from components.slice_report.estimates import WITHHELD, without_number

_SIDES = {
    "net_found": ("newly_found", "newly_missed"),
    "net_cleared": ("newly_false_alarm", "newly_cleared"),
}
_RENAMED = ("newly_right", "newly_wrong")
_PREDICTED = "predicted_class"
_ALL_CLASSES = ""


def protect_reclassified(
    reclassified: Sequence[dict[str, Any]],
    renamed: Sequence[dict[str, Any]],
    data: dict[str, Any],
    hidden: HiddenSlices,
    below: int,
) -> dict[str, list[dict[str, Any]]]:
    """Returns both tables without small counts, nor net changes that rest on them.

    Args:
        reclassified: Rows by criterion, class and slice.
        renamed: Rows by slice, over all classes.
        data: Content of the report, all counts in it.
        hidden: What is withheld of the slices.
        below: Counts from 1 to below this are small.
    """
    sums = slice_sums([entry for entry in data["slices"] if entry["kind"] != "subgroup"])
    found = {net: _hidden(net, reclassified, renamed, sums, hidden, below) for net in _SIDES}
    return {
        "reclassified": [_row(row, found, hidden, below) for row in reclassified],
        "renamed": [_renamed_row(row, found["net_found"], hidden, below) for row in renamed],
    }


def _hidden(
    net: str,
    reclassified: Sequence[dict[str, Any]],
    renamed: Sequence[dict[str, Any]],
    slice_totals: Sequence[Sum],
    hidden: HiddenSlices,
    below: int,
) -> set[Key]:
    """Returns the cells withheld of one side; by the most probable class, classes add up too."""
    names = _SIDES[net]
    cells: dict[Key, Counts] = {_key(row): {n: row[n] for n in names} for row in reclassified}
    by_slice: list[Sum] = []
    if net == "net_found":
        for row in renamed:
            total = (SLICE, row["slice"], _PREDICTED, _ALL_CLASSES)
            cells[total] = dict(zip(names, (row[name] for name in _RENAMED), strict=True))
            classes = tuple(key for key in cells if key[:3] == total[:3] and key[3])
            by_slice.append(Sum(classes, total))
    ends = {key[2:] for key in cells}
    sums = by_slice + [
        Sum(tuple((*part, *end) for part in one.parts), (*one.total, *end))
        for one in slice_totals
        for end in sorted(ends)
        if one.total is not None
    ]
    there = [one for one in sums if set(one.keys) <= set(cells)]
    forced = {key for key in cells if key[1] in hidden.cases or (key[1], key[3]) in hidden.labels}
    return withheld(cells, there, below, forced)


def _key(row: dict[str, Any]) -> Key:
    return (SLICE, row["slice"], row["criterion"], row["class"])


def _row(
    row: dict[str, Any], found: dict[str, set[Key]], hidden: HiddenSlices, below: int
) -> dict[str, Any]:
    unknown = (row["slice"], row["class"]) in hidden.labels
    shown: dict[str, Any] = {
        side: shown_count(row[side], unknown, below) for side in ("positives", "negatives")
    }
    shown["cases"] = shown_count(row["cases"], row["slice"] in hidden.cases, below)
    for net, names in _SIDES.items():
        if _key(row) in found[net]:
            shown |= {name: shown_count(row[name], True, below) for name in names}
            shown[net] = without_number(WITHHELD)
    return row | shown


def _renamed_row(
    row: dict[str, Any], found: set[Key], hidden: HiddenSlices, below: int
) -> dict[str, Any]:
    hides_cases = row["slice"] in hidden.cases
    shown: dict[str, Any] = {"cases": shown_count(row["cases"], hides_cases, below)}
    if (SLICE, row["slice"], _PREDICTED, _ALL_CLASSES) in found:
        shown |= {name: shown_count(row[name], True, below) for name in _RENAMED}
        shown["net"] = without_number(WITHHELD)
    return row | shown
