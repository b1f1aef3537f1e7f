"""Which tables of which slices are withheld, table by table from the coarse to the fine."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from components.slice_report.disclosure.cells import Counts, Key, Sum
from components.slice_report.disclosure.slice_sums import SLICE, slice_sums, withheld_slices
from components.slice_report.estimates import ESTIMATED

SIDES = {
    "positives": ("true_positives", "false_negatives"),
    "negatives": ("false_positives", "true_negatives"),
}
"""The counts at the operating point of the cases with and without a class."""


@dataclass
class HiddenSlices:
    """Names of slices, with class, role of the model or side, of which a table is withheld.

    Attributes:
        cases: Of which the number of cases is: then everything is.
        labels: (slice, class), of which the cases with and without the class are.
        patients: (slice, class), of which the patients with and without the class are.
        answers: (slice, class, role, side of `SIDES`), of which the counts at the operating point
            are.
        named: (slice, role), of which the cases named rightly are, by class and over all.
        matrices: (slice, role), of which the confusion matrix is.
        top_3: (slice, role), of which the cases rightly among the top three are.
    """

    cases: set[str]
    labels: set[tuple[str, str]] = field(default_factory=set)
    patients: set[tuple[str, str]] = field(default_factory=set)
    answers: set[tuple[str, str, str, str]] = field(default_factory=set)
    named: set[tuple[str, str]] = field(default_factory=set)
    matrices: set[tuple[str, str]] = field(default_factory=set)
    top_3: set[tuple[str, str]] = field(default_factory=set)


def hidden_slices(data: dict[str, Any], hidden_cases: set[str], below: int) -> HiddenSlices:
    """Decides what of the slices is withheld.

    Args:
        data: Content of a report, all counts in it.
        hidden_cases: Names of slices of which the number of cases is withheld.
        below: Counts from 1 to below this are small.
    """
    entries = [entry for entry in data["slices"] if entry["models"]]
    hidden = HiddenSlices(cases=hidden_cases)
    sums = slice_sums(entries)
    hidden.labels = _hidden_labels(entries, sums, data, hidden_cases, below)
    hidden.patients = _hidden_patients(entries, sums, data, hidden, below)
    for role in data["models"]:
        of_role = [entry for entry in entries if role in entry["models"]]
        role_sums = slice_sums(of_role)
        for name in data["classes"]:
            for side in SIDES:
                hidden.answers |= {
                    (slice_name, name, role, side)
                    for slice_name in _hidden_side(
                        of_role, role_sums, name, role, side, hidden.labels, below
                    )
                }
        if data["task"] == "multi_class":
            _hide_named(hidden, of_role, role_sums, role, below)
    return hidden


def _hidden_labels(
    entries: Sequence[dict[str, Any]],
    sums: Sequence[Sum],
    data: dict[str, Any],
    hidden_cases: set[str],
    below: int,
) -> set[tuple[str, str]]:
    cells: dict[Key, Counts] = {
        (SLICE, entry["name"], name): {
            side: entry["models"]["candidate"]["classes"][name][side] for side in SIDES
        }
        for entry in entries
        for name in data["classes"]
    }
    forced = {(SLICE, where, name) for where in hidden_cases for name in data["classes"]}
    whole = {entry["name"] for entry in entries} - hidden_cases
    return _withheld_classes(cells, forced, entries, sums, data, whole, below)


def _hidden_patients(
    entries: Sequence[dict[str, Any]],
    sums: Sequence[Sum],
    data: dict[str, Any],
    hidden: HiddenSlices,
    below: int,
) -> set[tuple[str, str]]:
    """With the patients of the slice, both kinds tell who has one kind of case alone, and who both.

    Patients of parts, and of classes, are taken to add up, as those of slices are.
    """
    cells: dict[Key, Counts] = {}
    for entry in entries:
        for name in data["classes"]:
            values = entry["models"]["candidate"]["classes"][name]
            having, lacking = values["positive_patients"], values["negative_patients"]
            cells[SLICE, entry["name"], name] = {
                "with": having,
                "without": lacking,
                "never with": entry["patients"] - having,
                "never without": entry["patients"] - lacking,
                "both": having + lacking - entry["patients"],
            }
    forced = {(SLICE, *of_class) for of_class in hidden.labels}
    whole = {entry["name"] for entry in entries} - hidden.cases
    return _withheld_classes(cells, forced, entries, sums, data, whole, below)


def _withheld_classes(
    cells: dict[Key, Counts],
    forced: Collection[Key],
    entries: Sequence[dict[str, Any]],
    sums: Sequence[Sum],
    data: dict[str, Any],
    whole: set[str],
    below: int,
) -> set[tuple[str, str]]:
    """Classes together: of a case of one class, the others' counts tell the last one's.

    Args:
        cells: By slice and class.
        forced: Those withheld whatever they hold.
        entries: Of the slices.
        sums: How slices add up.
        data: Content of the report.
        whole: Slices of which the total over the classes is shown.
        below: Counts from 1 to below this are small.
    """
    classes = data["classes"]
    if data["task"] == "multi_class":
        by_class = [_of_class(one, name) for one in sums for name in classes]
        by_class += [
            Sum(tuple((SLICE, entry["name"], name) for name in classes))
            for entry in entries
            if entry["name"] in whole
        ]
        found = withheld_slices(cells, by_class, entries, below, forced)
    else:
        found = set()
        for name in classes:
            own = {key: counts for key, counts in cells.items() if key[2] == name}
            of_class = [_of_class(one, name) for one in sums]
            found |= withheld_slices(own, of_class, entries, below, forced)
    return {(slice_name, name) for _, slice_name, name in found}


def _of_class(one: Sum, name: str) -> Sum:
    total = None if one.total is None else (*one.total, name)
    return Sum(tuple((*part, name) for part in one.parts), total)


def _hidden_side(
    entries: Sequence[dict[str, Any]],
    sums: Sequence[Sum],
    class_name: str,
    role: str,
    side: str,
    hidden_labels: set[tuple[str, str]],
    below: int,
) -> Iterator[str]:
    cells: dict[Key, Counts] = {}
    for entry in entries:
        counts = entry["models"][role]["classes"][class_name]["counts"]
        cells[SLICE, entry["name"]] = {name: counts[name] for name in SIDES[side]}
    forced = {(SLICE, name) for name, of_class in hidden_labels if of_class == class_name}
    yield from (name for _, name in withheld_slices(cells, sums, entries, below, forced))


def _hide_named(
    hidden: HiddenSlices,
    entries: Sequence[dict[str, Any]],
    sums: Sequence[Sum],
    role: str,
    below: int,
) -> None:
    """Cases named rightly, then the whole matrix, of which they are a part; then the top three."""
    forced = {(SLICE, name) for name, _ in hidden.labels} | {(SLICE, n) for n in hidden.cases}
    matrices: dict[Key, list[list[int]]] = {
        (SLICE, entry["name"]): entry["models"][role]["confusion"]
        for entry in entries
        if entry["models"][role]["confusion"] is not None
    }
    rightly: dict[Key, Counts] = {
        key: _rightly_and_wrongly(matrix) for key, matrix in matrices.items()
    }
    named = withheld_slices(rightly, sums, entries, below, forced)
    as_what: dict[Key, Counts] = {key: _cells_of(matrix) for key, matrix in matrices.items()}
    whole = withheld_slices(as_what, sums, entries, below, named)
    top_3: dict[Key, Counts] = {
        (SLICE, entry["name"]): counts
        for entry in entries
        if (counts := _among_top_3(entry, role)) is not None
    }
    of_cases = {(SLICE, name) for name in hidden.cases}
    listed = withheld_slices(top_3, _sums_of(sums, top_3), entries, below, of_cases)
    hidden.named |= {(name, role) for _, name in named}
    hidden.matrices |= {(name, role) for _, name in whole}
    hidden.top_3 |= {(name, role) for _, name in listed}


def _rightly_and_wrongly(matrix: Sequence[Sequence[int]]) -> dict[str, int]:
    counts = {}
    for index, row in enumerate(matrix):
        counts[f"right {index}"] = row[index]
        counts[f"wrong {index}"] = sum(row) - row[index]
    return counts


def _cells_of(matrix: Sequence[Sequence[int]]) -> dict[str, int]:
    return {f"{i} as {j}": cell for i, row in enumerate(matrix) for j, cell in enumerate(row)}


def _among_top_3(entry: dict[str, Any], role: str) -> dict[str, int] | None:
    share = entry["models"][role]["metrics"].get("top_3_accuracy")
    if share is None or share["status"] != ESTIMATED:
        return None
    right = round(share["value"] * entry["cases"])
    return {"among": right, "not among": entry["cases"] - right}


def _sums_of(sums: Sequence[Sum], cells: Mapping[Key, Counts]) -> list[Sum]:
    """Keeps the sums whose total is there, with the parts that are."""
    return [
        Sum(tuple(part for part in one.parts if part in cells), one.total)
        for one in sums
        if one.total in cells
    ]
