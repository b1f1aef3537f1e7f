"""Withholds small counts in what a report says of the data: flow, population, characteristics."""

from typing import Any

from components.site_evaluator.results import site_slice
from components.slice_report.disclosure.cells import WITHHELD, Key, shown_count
from components.slice_report.disclosure.data_cells import (
    AT_SITE,
    KEPT,
    LOST,
    OF_SPLIT,
    RECEIVED,
    SITE_SPLIT,
    UNKNOWN,
    VALUE,
    hidden_images,
    hidden_parts,
)
from components.slice_report.disclosure.slice_sums import SLICE
from components.slice_report.vocabulary import slice_name
from schemas.case_features import TRAIN

_PARTS = (("labelled_cases", "unlabelled_cases"), ("several_image_cases", "single_image_cases"))


def protect_data_tables(data: dict[str, Any], hidden: set[Key], below: int) -> dict[str, Any]:
    """Returns the parts of a report that speak of its data, without small counts.

    Args:
        data: Content of a report, all counts in it.
        hidden: Cells of `hidden_cases`.
        below: Counts from 1 to below this are small.
    """
    parts = {names[0]: hidden_parts(data, names, hidden, below) for names in _PARTS}
    images = hidden_images(data, hidden, below)
    shown = _Shown(hidden, parts, images, below)
    return {
        "data_flow": _flow(data["data_flow"], shown),
        "population": [_population(row, shown) for row in data["population"]],
        "characteristics": [_characteristics(row, shown) for row in data["characteristics"]],
        "pairs": None if data["pairs"] is None else _pairs(data["pairs"], shown),
    }


class _Shown:
    """What stands for a count in a cell."""

    def __init__(
        self, people: set[Key], parts: dict[str, set[Key]], images: set[Key], below: int
    ) -> None:
        self._hidden = {"images": images, "cases": people, "patients": people, **parts}
        self._below = below

    def is_hidden(self, name: str, key: Key) -> bool:
        return key in self._hidden[name]

    def count(self, name: str, key: Key, count: int) -> int | str:
        return shown_count(count, self.is_hidden(name, key), self._below)

    def withhold(self, count: int) -> int | str:
        return shown_count(count, True, self._below)

    def row(self, key: Key, row: dict[str, Any]) -> dict[str, Any]:
        return row | {
            name: self.count(name, key, row[name])
            for name in self._hidden
            if row.get(name) is not None
        }


def _flow(flow: dict[str, Any], shown: _Shown) -> dict[str, Any]:
    lost_patients = flow["lost_patients"]
    return flow | {
        "received": shown.row(RECEIVED, flow["received"]),
        "kept": shown.row(KEPT, flow["kept"]),
        "quarantined_images": shown.count("images", LOST, flow["quarantined_images"]),
        "lost_cases": shown.count("cases", LOST, flow["lost_cases"]),
        "lost_patients": lost_patients
        if lost_patients is None
        else shown.count("patients", LOST, lost_patients),
        "quarantined": [
            {**count, "images": _left_out(count["reason"], count["site"], count["images"], shown)}
            for count in flow["quarantined"]
        ],
        "splits": [shown.row((OF_SPLIT, split["split"]), split) for split in flow["splits"]],
        # What a site loses is mostly few, so the whole table goes.
        "by_site": None if flow["by_site"] else [],
        # How many of a site's images have none may be few, and would follow from other tables.
        "text_in_pixels": [
            row | {"images": shown.withhold(row["images"])} for row in flow["text_in_pixels"]
        ],
    }


def _left_out(reason: str, site: str, images: int, shown: _Shown) -> int | str:
    return shown.count("images", ("left out", reason, site), images)


def _population(row: dict[str, Any], shown: _Shown) -> dict[str, Any]:
    site = row["site"]
    return shown.row((AT_SITE, site), row) | {
        "quarantined_images": shown.count("images", ("left out", site), row["quarantined_images"]),
        "quarantined": {
            reason: _left_out(reason, site, images, shown)
            for reason, images in row["quarantined"].items()
        },
        "splits": {
            split: shown.row((SITE_SPLIT, site, split), counts)
            for split, counts in row["splits"].items()
        },
    }


def _characteristics(row: dict[str, Any], shown: _Shown) -> dict[str, Any]:
    site = row["site"]
    features = {}
    for feature, found in row["features"].items():
        counts = {
            value: shown.count("cases", (VALUE, site, feature, value), count)
            for value, count in found["counts"].items()
        }
        unknown = found["unknown"]
        if unknown is not None:
            unknown = shown.count("cases", (VALUE, site, feature, UNKNOWN), unknown)
        features[feature] = {"counts": counts, "unknown": unknown}
    evaluated = shown.count("cases", (SLICE, slice_name(site_slice(site))), row["cases"])
    return row | {"cases": evaluated, "features": features}


def _pairs(pairs: dict[str, Any], shown: _Shown) -> dict[str, Any]:
    return pairs | {"sites": [_pair_row(row, shown) for row in pairs["sites"]]}


def _pair_row(row: dict[str, Any], shown: _Shown) -> dict[str, Any]:
    """Of few cases nothing is said; of few with several images nothing that rests on them."""
    key = (SITE_SPLIT, row["site"], TRAIN)
    several_hidden = shown.is_hidden("several_image_cases", key)
    if shown.is_hidden("cases", key):
        row = row | {"groups": shown.count("cases", key, row["groups"]), "images": WITHHELD}
        several_hidden = True
    if not several_hidden:
        return row
    several = shown.count("several_image_cases", key, row["several_image_groups"])
    return row | {
        "several_image_groups": several if several != row["several_image_groups"] else WITHHELD,
        "several_image_share": None,
        "different_image": WITHHELD,
        "single_image": WITHHELD,
        "pairs_per_group": None,
    }
