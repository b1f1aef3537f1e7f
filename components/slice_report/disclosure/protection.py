"""A report without small counts: none is shown, and none follows from what is shown."""

from collections.abc import Mapping, Sequence
from typing import Any

from components.slice_report.disclosure.cells import is_small, shown_count
from components.slice_report.disclosure.changes import protect_reclassified
from components.slice_report.disclosure.data_cells import SITE_SPLIT, hidden_cases
from components.slice_report.disclosure.data_tables import protect_data_tables
from components.slice_report.disclosure.digits import to_digits
from components.slice_report.disclosure.hidden_slices import HiddenSlices, hidden_slices
from components.slice_report.disclosure.score_tables import (
    protect_exploration,
    protected_reliability,
    protected_roc,
)
from components.slice_report.disclosure.slice_sums import SLICE
from components.slice_report.disclosure.slice_tables import protect_slices
from components.slice_report.disclosure.study_rows import protect_study
from components.slice_report.estimates import WITHHELD, without_number
from components.slice_report.rule_slices import IN_DISTRIBUTION_NAME
from components.slice_report.shift import OF_CASES
from schemas.case_features import SHIFTED, TRAIN


def protect_report(data: dict[str, Any], below: int) -> dict[str, Any]:
    """Returns a report's content without small counts and without what would give them away.

    Args:
        data: Content of a report without its verdict and what is said of its slices together.
        below: Counts from 1 to below this are small.
    """
    cells = hidden_cases(data, below)
    hidden = _hidden(data, cells, below)
    exploration = protect_exploration(data, hidden, below)
    slices = _slices(data, hidden, exploration, below)
    protected = data | {"slices": slices, "exploration": exploration}
    protected |= protect_data_tables(data, cells, below)
    by_name = {entry["name"]: entry for entry in slices}
    protected |= {
        "shift": [_shift_row(row, by_name) for row in data["shift"]],
        "drift": None
        if data["drift"] is None
        else [_drift_row(row, cells, below) for row in data["drift"]],
        "champion": _champion(data, hidden, by_name, below),
        "study": None if data["study"] is None else protect_study(data["study"], by_name, below),
    }
    return protected


def protect_comparison(data: dict[str, Any], below: int) -> dict[str, Any]:
    """Returns the content of a comparison of two models without small counts."""
    hidden = _hidden(data, hidden_cases(data, below), below)
    protected = data | {"slices": _slices(data, hidden, [], below)}
    rows = protect_reclassified(data["reclassified"], data["renamed"], data, hidden, below)
    return rounded(protected | rows)


def _hidden(data: dict[str, Any], cells: set[tuple[str, ...]], below: int) -> HiddenSlices:
    return hidden_slices(data, {key[1] for key in cells if key[0] == SLICE}, below)


def rounded(content: Any) -> Any:
    """Returns content of a report with its estimates to as many digits as the page prints."""
    if isinstance(content, list | tuple):
        return [rounded(value) for value in content]
    if not isinstance(content, Mapping):
        return content
    if "status" in content:
        return {name: to_digits(value) for name, value in content.items()}
    return {name: rounded(value) for name, value in content.items()}


def _slices(
    data: dict[str, Any],
    hidden: HiddenSlices,
    exploration: Sequence[dict[str, Any]],
    below: int,
) -> list[dict[str, Any]]:
    slices = protect_slices(data, hidden, below)
    explored = {one["class"]: one for one in exploration}
    for name in data["classes"]:
        one = explored.get(name, {"rows": [], "thresholds": []})
        rows = {row["slice"]: row for row in one["rows"]}
        for role in data["models"]:
            reliability = protected_reliability(data, name, role, hidden, below)
            for entry in slices:
                if role not in entry["models"]:
                    continue
                values = entry["models"][role]["classes"][name]
                values["prevalence"] = to_digits(values["prevalence"])
                # Thresholds are explored of the candidate alone.
                row = rows.get(entry["name"]) if role == "candidate" else None
                values["roc"] = protected_roc(values, row, one["thresholds"])
                values["calibration"] = reliability.get(entry["name"])
    return slices


def _shift_row(row: dict[str, Any], slices: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """A mean AUC over the shared classes would tell that of one of them missing alone."""
    site = slices.get(f"site {row['site']}")
    inside = slices.get(IN_DISTRIBUTION_NAME)
    shown = row
    for field, entry in (("cases", site), ("in_distribution_cases", inside)):
        if entry is not None and entry["models"]:
            shown = shown | {field: _cases_of(entry, row)}
    places = [entry for entry in (site, inside) if entry is not None and entry["models"]]
    if not any(_is_withheld(entry, row) for entry in places):
        return shown
    names = ("in_distribution", "at_site", "loss", "baseline_loss", "spared_loss")
    return shown | {name: without_number(WITHHELD) for name in names}


def _cases_of(entry: dict[str, Any], row: dict[str, Any]) -> Any:
    if row["class"] is None:
        return entry["cases"]
    return entry["models"]["candidate"]["classes"][row["class"]][OF_CASES[row["metric"]]]


def _is_withheld(entry: dict[str, Any], row: dict[str, Any]) -> bool:
    if row["class"] is not None:
        of_models = (model["classes"][row["class"]] for model in entry["models"].values())
        return any(values[row["metric"]]["status"] == WITHHELD for values in of_models)
    for model in entry["models"].values():
        if model["metrics"][row["metric"]]["status"] == WITHHELD:
            return True
        aucs = [model["classes"][name]["auc"]["status"] for name in row["classes"]]
        if row["metric"] == "mean_auc" and aucs.count(WITHHELD) == 1:
            return True
    return False


def _drift_row(row: dict[str, Any], cells: set[tuple[str, ...]], below: int) -> dict[str, Any]:
    """Of a share only its distance is said: the share itself is a count of a site's cases."""
    split = SHIFTED if row["held_out"] else TRAIN
    hidden = (SITE_SPLIT, row["site"], split) in cells or is_small(row["cases"], below)
    features = None if hidden else row["features"]
    return row | {
        "cases": shown_count(row["cases"], hidden, below),
        "features": features
        and [
            {name: to_digits(value) for name, value in found.items()}
            if found["measure"] == "divergence"
            else found
            | {"distance": round(found["distance"], 2), "at_site": None, "at_training_sites": None}
            for found in features
        ],
    }


def _champion(
    data: dict[str, Any], hidden: HiddenSlices, slices: Mapping[str, dict[str, Any]], below: int
) -> dict[str, Any] | None:
    champion: dict[str, Any] | None = data["champion"]
    if champion is None:
        return None
    comparison = []
    for row in champion["comparison"]:
        entry = slices[row["slice"]]
        shown = row | {"cases": entry["cases"]}
        if entry["models"]["candidate"]["metrics"][row["metric"]]["status"] == WITHHELD:
            names = ("candidate", "champion", "difference")
            shown |= {name: without_number(WITHHELD) for name in names}
        comparison.append(shown)
    rows = protect_reclassified(champion["reclassified"], champion["renamed"], data, hidden, below)
    return champion | {"comparison": comparison} | rows
