"""How the slices of an evaluation add up: sites to all cases, crossings to what they cross."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from components.case_predictor.predictions import DISTRIBUTION, IN_DISTRIBUTION, SITE
from components.slice_report.disclosure.cells import Counts, Key, Sum, withheld
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


def withheld_slices(
    cells: Mapping[Key, Counts],
    sums: Sequence[Sum],
    entries: Sequence[dict[str, Any]],
    below: int,
    forced: Collection[Key] = (),
) -> set[Key]:
    """Returns what `withheld` does, from the coarse slices to the fine ones.

    With a site goes what is crossed with it; what a fine slice needs is then sought mostly among
    fine ones, and less of the coarse is lost.

    Args:
        cells: Of slices: a key begins with `("slice", NAME)`.
        sums: How they hang together.
        entries: Of the slices, see `slice_entries`.
        below: Counts from 1 to below this are small.
        forced: Cells that are withheld whatever they hold.
    """
    features = {entry["name"]: frozenset(entry["features"].items()) for entry in entries}
    hidden: set[Key] = set()
    for level in sorted({max(1, len(found)) for found in features.values()}):
        reached = {key: counts for key, counts in cells.items() if len(features[key[1]]) <= level}
        within = [one for one in sums if set(one.keys) <= set(reached)]
        crossed = {
            key
            for key in reached
            if any(
                key[2:] == coarse[2:] and frozenset() < features[coarse[1]] < features[key[1]]
                for coarse in hidden
            )
        }
        hidden = withheld(reached, within, below, set(forced) & set(reached) | hidden | crossed)
    return hidden
