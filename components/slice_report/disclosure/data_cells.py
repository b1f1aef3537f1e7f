"""Every count of cases, patients and images beside the models', as cells and their sums."""

from collections.abc import Iterator, Mapping
from typing import Any

from components.case_predictor.predictions import SITE
from components.slice_report.disclosure.cells import Key, Sum, withheld
from components.slice_report.disclosure.slice_sums import SLICE, slice_sums, withheld_slices
from components.slice_report.vocabulary import slice_name
from schemas.case_features import SHIFTED, TEST, TRAIN

SITE_SPLIT, AT_SITE, OF_SPLIT, VALUE = "site and split", "site", "split", "value"
KEPT, RECEIVED, LOST = ("kept",), ("received",), ("lost",)
UNKNOWN = ""
"""Stands for a value that is not stated."""

_IMAGES_ONLY = "view"
_SITE_PREFIX = slice_name(((SITE, ""),))

Cells = dict[Key, dict[str, int]]


def hidden_cases(data: dict[str, Any], below: int) -> set[Key]:
    """Returns the cells of cases and patients that are withheld: evaluated, and at ingestion.

    First it is decided which slices are; then what stands for a site elsewhere goes with it, and
    what else these tables need is sought among their own cells.

    Args:
        data: Content of a report or of a comparison, which has slices alone.
        below: Counts from 1 to below this are small.
    """
    cells: Cells = {
        (SLICE, entry["name"]): {"cases": entry["cases"], "patients": entry["patients"]}
        for entry in data["slices"]
    }
    sums = slice_sums(data["slices"])
    hidden = withheld_slices(cells, sums, data["slices"], below)
    if "data_flow" not in data:
        return hidden
    while True:
        found = set(hidden)
        for add in (_add_ingestion, _add_characteristics):
            all_cells, all_sums = dict(cells), list(sums)
            add(all_cells, all_sums, data)
            inside = {key for key in all_cells if _site_of(key) in _sites(found)}
            found |= withheld(all_cells, all_sums, below, found & set(all_cells) | inside)
        if found == hidden:
            return hidden
        hidden = found


def _site_of(key: Key) -> str | None:
    """Returns of which site a cell counts evaluated cases; None of others."""
    if key[0] == VALUE or (key[0] == SITE_SPLIT and key[2] in (TEST, SHIFTED)):
        return key[1]
    return None


def _sites(hidden: set[Key]) -> set[str]:
    names = {key[1] for key in hidden if key[0] == SLICE}
    return {name.removeprefix(_SITE_PREFIX) for name in names if name.startswith(_SITE_PREFIX)}


def hidden_parts(
    data: dict[str, Any], parts: tuple[str, str], forced: set[Key], below: int
) -> set[Key]:
    """Returns the cells of which a part of the cases is withheld: those with labels, say.

    Args:
        data: Content of a report.
        parts: Field of the part, and name of the rest, which follows from it.
        forced: Cells of which the cases are withheld.
        below: Counts from 1 to below this are small.
    """
    name, rest = parts
    cells: Cells = {}
    for row in data["population"]:
        cells[AT_SITE, row["site"]] = {name: row[name], rest: row["cases"] - row[name]}
    for split in data["data_flow"]["splits"]:
        counts = {name: split[name], rest: split["cases"] - split[name]}
        cells[OF_SPLIT, split["split"]] = counts
    sums = _sums_of_splits(data, cells)
    if name == "several_image_cases" and data["pairs"] and data["pairs"]["pair_scope"] == "case":
        for row in data["pairs"]["sites"]:
            several = row["several_image_groups"]
            counts = {name: several, rest: row["groups"] - several}
            cells[SITE_SPLIT, row["site"], TRAIN] = counts
        if (OF_SPLIT, TRAIN) in cells:
            trained = tuple(key for key in cells if key[0] == SITE_SPLIT)
            sums.append(Sum(trained, (OF_SPLIT, TRAIN)))
    return withheld(cells, sums, below, forced & set(cells))


def hidden_images(data: dict[str, Any], forced: set[Key], below: int) -> set[Key]:
    """Returns the cells of images that are withheld, `(REASON, SITE)` among those left out.

    Args:
        data: Content of a report.
        forced: Cells of which the cases are withheld.
        below: Counts from 1 to below this are small.
    """
    flow = data["data_flow"]
    cells: Cells = {
        ("left out", count["reason"], count["site"]): {"images": count["images"]}
        for count in flow["quarantined"]
    }
    sums = []
    for row in data["population"]:
        site = row["site"]
        cells[AT_SITE, site] = {"images": row["images"]}
        cells["left out", site] = {"images": row["quarantined_images"]}
        reasons = tuple(key for key in cells if key[0] == "left out" and key[2:] == (site,))
        if reasons:
            sums.append(Sum(reasons, ("left out", site)))
    for split in flow["splits"]:
        cells[OF_SPLIT, split["split"]] = {"images": split["images"]}
    cells[LOST] = {"images": flow["quarantined_images"]}
    cells[RECEIVED] = {"images": flow["received"]["images"]}
    sums += _sums_of_splits(data, cells)
    cells[KEPT] = {"images": flow["kept"]["images"]}
    left_out = tuple(("left out", row["site"]) for row in data["population"])
    sums += [Sum(left_out, LOST), Sum((KEPT, LOST), RECEIVED)]
    return withheld(cells, sums, below, forced & set(cells))


def _sums_of_splits(data: dict[str, Any], cells: Cells) -> list[Sum]:
    """Adds the total over all sites, which is that over all splits."""
    sites = [(AT_SITE, row["site"]) for row in data["population"]]
    names = {name for key in sites for name in cells[key]}
    cells[KEPT] = {name: sum(cells[key][name] for key in sites) for name in names}
    splits = tuple((OF_SPLIT, split["split"]) for split in data["data_flow"]["splits"])
    return [Sum(tuple(sites), KEPT), Sum(splits, KEPT)]


def _add_ingestion(cells: Cells, sums: list[Sum], data: dict[str, Any]) -> None:
    flow = data["data_flow"]
    for row in data["population"]:
        cells[AT_SITE, row["site"]] = _people(row)
        of_site = {split: (SITE_SPLIT, row["site"], split) for split in row["splits"]}
        cells.update({key: _people(row["splits"][split]) for split, key in of_site.items()})
        sums.append(Sum(tuple(of_site.values()), (AT_SITE, row["site"])))
        # The same cases as in the slice of the site, but for those without a label.
        evaluated = tuple(key for split, key in of_site.items() if split in (TEST, SHIFTED))
        whole = _slice_of(data, {SITE: row["site"]})
        if evaluated and whole is not None:
            sums.append(Sum(evaluated, whole))
    for split in flow["splits"]:
        cells[OF_SPLIT, split["split"]] = _people(split)
        parts = tuple(key for key in cells if key[0] == SITE_SPLIT and key[2] == split["split"])
        sums.append(Sum(parts, (OF_SPLIT, split["split"])))
    cells[KEPT], cells[RECEIVED] = _people(flow["kept"]), _people(flow["received"])
    cells[LOST] = _people({"cases": flow["lost_cases"], "patients": flow["lost_patients"]})
    sums.append(Sum(tuple(key for key in cells if key[0] == AT_SITE), KEPT))
    sums.append(Sum(tuple(key for key in cells if key[0] == OF_SPLIT), KEPT))
    sums.append(Sum((KEPT, LOST), RECEIVED))


def _people(row: Mapping[str, Any]) -> dict[str, int]:
    return {name: row[name] for name in ("cases", "patients") if row[name] is not None}


def _add_characteristics(cells: Cells, sums: list[Sum], data: dict[str, Any]) -> None:
    for row in data["characteristics"]:
        whole = _slice_of(data, {SITE: row["site"]})
        for feature, found in row["features"].items():
            keys = []
            for value, count in _stated(found):
                key = (VALUE, row["site"], feature, value)
                cells[key] = {"cases": count}
                keys.append(key)
            if whole is not None and feature != _IMAGES_ONLY:
                sums.append(Sum(tuple(keys), whole))
    columns = {key[2:] for key in cells if key[0] == VALUE and key[2] != _IMAGES_ONLY}
    for feature, value in sorted(columns):
        # The slices name a feature of the configuration without saying that it is one.
        whole = _slice_of(data, {feature.split(":")[-1]: value})
        if whole is not None:
            parts = tuple(key for key in cells if key[0] == VALUE and key[2:] == (feature, value))
            sums.append(Sum(parts, whole))


def _stated(found: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    yield from found["counts"].items()
    if found["unknown"] is not None:
        yield UNKNOWN, found["unknown"]


def _slice_of(data: dict[str, Any], features: dict[str, str]) -> Key | None:
    names = (entry["name"] for entry in data["slices"] if entry["features"] == features)
    name = next(names, None)
    return None if name is None else (SLICE, name)
