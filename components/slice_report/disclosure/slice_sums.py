"""How the slices of an evaluation add up: sites to all cases, crossings to what they cross."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from components.case_predictor.predictions import DISTRIBUTION, IN_DISTRIBUTION, SITE
from components.slice_report.disclosure.cells import Sum
from schemas.case_features import SHIFTED

SLICE = "slice"

_Features = frozenset[tuple[str, str]]


def slice_sums(entries: Sequence[dict[str, Any]]) -> list[Sum]:
    """Returns the sums of slices; a cell's key is `("slice", NAME)`.

    Cases that do not state a feature are in no slice of it: then a sum is less than it says, and
    more is withheld than has to be.

    Args:
        entries: Of the slices, see `slice_entries`.
    """
    by_features: dict[_Features, dict[str, Any]] = {
        frozenset(entry["features"].items()): entry for entry in entries
    }
    parts: dict[tuple[_Features, str], list[str]] = defaultdict(list)
    for features, entry in by_features.items():
        for feature, value in features:
            parts[features - {(feature, value)}, feature].append(entry["name"])
    sums = [
        _sum(by_features[rest]["name"], names)
        for (rest, _), names in parts.items()
        if rest in by_features
    ]
    return sums + _by_distribution(by_features)


def _by_distribution(by_features: dict[_Features, dict[str, Any]]) -> list[Sum]:
    sums = []
    for distribution, held_out in ((IN_DISTRIBUTION, False), (SHIFTED, True)):
        whole = by_features.get(frozenset({(DISTRIBUTION, distribution)}))
        sites = [
            entry["name"]
            for entry in by_features.values()
            if list(entry["features"]) == [SITE] and entry["held_out"] == held_out
        ]
        if whole is not None and sites:
            sums.append(_sum(whole["name"], sites))
    return sums


def _sum(total: str, names: Sequence[str]) -> Sum:
    return Sum(tuple((SLICE, name) for name in names), (SLICE, total))
