"""Withholds small counts in what a report says by score: ROC, reliability, other thresholds."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from components.slice_report.disclosure.cells import shown_count
from components.slice_report.disclosure.digits import to_digits
from components.slice_report.disclosure.hidden_slices import HiddenSlices
from components.slice_report.disclosure.score_steps import Counts, is_safe, joined_bins, safe_steps
from components.slice_report.disclosure.slice_sums import slice_sums

_BINS = 10
_CURVES = ("overall", "site")


def protect_exploration(
    data: dict[str, Any], hidden: HiddenSlices, below: int
) -> list[dict[str, Any]]:
    """Returns, per class, the thresholds at which no slice has a small count, and the counts there.

    A class without such a threshold beside the operating point is left out.

    Args:
        data: Content of a report, all counts in it.
        hidden: What is withheld.
        below: Counts from 1 to below this are small.
    """
    explored = (_explored(one, data, hidden, below) for one in data["exploration"])
    return [one for one in explored if len(one["thresholds"]) > 1]


def _explored(
    explored: dict[str, Any], data: dict[str, Any], hidden: HiddenSlices, below: int
) -> dict[str, Any]:
    name = explored["class"]
    rows = {
        row["slice"]: row
        for row in explored["rows"]
        if row["true_positives"] is not None and (row["slice"], name) not in hidden.labels
    }
    above = {
        slice_name: np.array([row["false_positives"], row["true_positives"]], np.int64)
        for slice_name, row in rows.items()
    }
    totals = {
        slice_name: np.array([row["negatives"], row["positives"]], np.int64)
        for slice_name, row in rows.items()
    }
    if data["slices"][0]["name"] not in rows:
        return explored | {"thresholds": []}
    frozen = explored["frozen"]
    entries = [entry for entry in data["slices"] if entry["kind"] != "subgroup"]
    rests, rest_totals = _rests(above, entries), _rests(totals, entries)
    at_frozen = [_sides(slice_name, name, hidden) == (False, False) for slice_name in rows]
    at_frozen += [
        is_safe(rest[:, frozen], below) and is_safe(whole - rest[:, frozen], below)
        for rest, whole in zip(rests, rest_totals, strict=True)
    ]
    steps = safe_steps(
        np.stack([*above.values(), *rests]),
        np.stack([*totals.values(), *rest_totals]),
        frozen,
        at_frozen,
        below,
    )
    shown = [
        _row(row, name, steps, frozen, hidden, below, has_counts=row["slice"] in rows)
        for row in explored["rows"]
    ]
    return explored | {
        "thresholds": [explored["thresholds"][step] for step in steps],
        "frozen": steps.index(frozen),
        "rows": shown,
    }


def _sides(slice_name: str, class_name: str, hidden: HiddenSlices) -> tuple[bool, bool]:
    """Returns whether the counts at the operating point are withheld: with, without the class."""
    key = (slice_name, class_name, "candidate")
    return (*key, "positives") in hidden.answers, (*key, "negatives") in hidden.answers


def _row(
    row: dict[str, Any],
    class_name: str,
    steps: Sequence[int],
    frozen: int,
    hidden: HiddenSlices,
    below: int,
    *,
    has_counts: bool,
) -> dict[str, Any]:
    unknown = (row["slice"], class_name) in hidden.labels
    totals = {side: shown_count(row[side], unknown, below) for side in ("positives", "negatives")}
    if not has_counts:
        return row | totals | {"true_positives": None, "false_positives": None}
    none_at_frozen = any(_sides(row["slice"], class_name, hidden))
    marked = {
        field: [None if step == frozen and none_at_frozen else row[field][step] for step in steps]
        for field in ("true_positives", "false_positives")
    }
    return row | totals | marked


def _rests(tables: Mapping[str, Counts], entries: Sequence[dict[str, Any]]) -> list[Counts]:
    """Returns what is left of each total without the parts that are there: the missing ones."""
    rests = []
    for one in slice_sums(entries):
        total = None if one.total is None else tables.get(one.total[1])
        parts = [tables[name] for _, name in one.parts if name in tables]
        if total is not None and len(parts) < len(one.parts):
            rests.append(total - sum(parts, np.zeros_like(total)))
    return rests


def protected_roc(
    values: dict[str, Any], row: dict[str, Any] | None, thresholds: Sequence[float]
) -> dict[str, list[Any]] | None:
    """Returns the ROC curve through the points that may be shown; None without any.

    Args:
        values: Of a class in a slice.
        row: Of the same in the exploration, as protected.
        thresholds: Of that exploration.
    """
    if values["roc"] is None or row is None or row["true_positives"] is None:
        return None
    points: list[tuple[float, float, float | None]] = [
        (
            to_digits(false_positives / row["negatives"]),
            to_digits(true_positives / row["positives"]),
            threshold,
        )
        for false_positives, true_positives, threshold in zip(
            row["false_positives"], row["true_positives"], thresholds, strict=True
        )
        if true_positives is not None
    ]
    points = [(0.0, 0.0, None), *reversed(points), (1.0, 1.0, 0.0)]
    names = ("false_positive_rate", "true_positive_rate", "threshold")
    return {
        name: list(column) for name, column in zip(names, zip(*points, strict=True), strict=True)
    }


def protected_reliability(
    data: dict[str, Any], class_name: str, role: str, hidden: HiddenSlices, below: int
) -> dict[str, dict[str, list[float]]]:
    """Returns the reliability curves of a class by slice, over bins without small counts.

    The bins are the same in every slice: what a site lacks does not follow from the others.

    Args:
        data: Content of a report, all counts in it.
        class_name: Of the class.
        role: Of the model.
        hidden: What is withheld.
        below: Counts from 1 to below this are small.
    """
    curves = {
        entry["name"]: curve
        for entry in data["slices"]
        if role in entry["models"]
        and (entry["name"], class_name) not in hidden.labels
        and (curve := entry["models"][role]["classes"][class_name]["calibration"]) is not None
    }
    if not curves:
        return {}
    counts = {name: _bin_counts(curve) for name, curve in curves.items()}
    entries = [entry for entry in data["slices"] if entry["kind"] in _CURVES]
    groups = joined_bins(np.stack([*counts.values(), *_rests(counts, entries)]), below)
    if not groups:
        return {}
    return {name: _joined(curve, counts[name], groups) for name, curve in curves.items()}


def _bin_counts(curve: dict[str, Any]) -> Counts:
    counts = np.zeros((2, _BINS), np.int64)
    for score, rate, cases in zip(curve["score"], curve["rate"], curve["cases"], strict=True):
        counts[:, _bin(score)] = round(cases) - round(cases * rate), round(cases * rate)
    return counts


def _bin(score: float) -> int:
    return min(int(score * _BINS), _BINS - 1)


def _joined(
    curve: dict[str, Any], counts: Counts, groups: Sequence[Sequence[int]]
) -> dict[str, list[float]]:
    scores = np.zeros(_BINS)
    for score in curve["score"]:
        scores[_bin(score)] = score
    cases = counts.sum(axis=0)
    filled = [group for group in groups if cases[group].sum()]
    return {
        "score": [to_digits(float(scores[g] @ cases[g] / cases[g].sum())) for g in filled],
        "rate": [to_digits(float(counts[1, g].sum() / cases[g].sum())) for g in filled],
        "cases": [float(cases[g].sum()) for g in filled],
    }
