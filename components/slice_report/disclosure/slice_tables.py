"""Withholds small counts in the slices of a report, and the rates that rest on them."""

from typing import Any

from components.site_evaluator.sufficiency import CLASS_METRICS
from components.slice_report.disclosure.cells import shown_count
from components.slice_report.disclosure.hidden_slices import SIDES, HiddenSlices
from components.slice_report.disclosure.mean_recalls import stays_open
from components.slice_report.estimates import ESTIMATED, WITHHELD, without_number

_RATES = {
    "sensitivity": ("positives",),
    "specificity": ("negatives",),
    "ppv": ("positives", "negatives"),
    "npv": ("positives", "negatives"),
}
_OF_MEANS = ("auc", "average_precision")


def protect_slices(data: dict[str, Any], hidden: HiddenSlices, below: int) -> list[dict[str, Any]]:
    """Returns the slices without small counts and what would give them away.

    Args:
        data: Content of a report, all counts in it.
        hidden: What is withheld.
        below: Counts from 1 to below this are small.
    """
    return [_entry(entry, hidden, below) for entry in data["slices"]]


def _entry(entry: dict[str, Any], hidden: HiddenSlices, below: int) -> dict[str, Any]:
    whole = entry["name"] in hidden.cases
    models = {role: _model(entry, role, hidden, below, whole=whole) for role in entry["models"]}
    differences = {
        name: without_number(WITHHELD)
        if any(model["metrics"][name]["status"] == WITHHELD for model in models.values())
        else difference
        for name, difference in entry["differences"].items()
    }
    return entry | {
        "cases": shown_count(entry["cases"], whole, below),
        "patients": shown_count(entry["patients"], whole, below),
        "models": models,
        "differences": differences,
    }


def _model(
    entry: dict[str, Any], role: str, hidden: HiddenSlices, below: int, *, whole: bool
) -> dict[str, Any]:
    model, where = entry["models"][role], entry["name"]
    classes = {
        name: _class(values, where, name, role, hidden, below)
        for name, values in model["classes"].items()
    }
    unknown = {name for name in classes if (where, name) in hidden.labels}
    for name in _besides(model["classes"], unknown):
        classes[name] |= {metric: without_number(WITHHELD) for metric in _OF_MEANS}
    withheld = set(model["metrics"]) if whole else _withheld_metrics(model, where, role, hidden)
    return model | {
        "metrics": {
            name: without_number(WITHHELD) if name in withheld else estimate
            for name, estimate in model["metrics"].items()
        },
        "absent_classes": [name for name in model["absent_classes"] if name not in unknown],
        "sparse_classes": [name for name in model["sparse_classes"] if name not in unknown],
        "classes": classes,
        "confusion": None if (where, role) in hidden.matrices else model["confusion"],
    }


def _withheld_metrics(
    model: dict[str, Any], where: str, role: str, hidden: HiddenSlices
) -> set[str]:
    withheld = set()
    if (where, role) in hidden.named:
        withheld.add("accuracy")
    averaged = [_is_shown(values["sensitivity"]) for values in model["classes"].values()]
    if (where, role) in hidden.matrices and not stays_open(model["confusion"], averaged):
        withheld.add("balanced_accuracy")
    if (where, role) in hidden.top_3:
        withheld.add("top_3_accuracy")
    return withheld


def _besides(before: dict[str, Any], unknown: set[str]) -> list[str]:
    """Returns a class of which to withhold the AUC: a mean would tell that of one missing alone."""
    averaged = [name for name, values in before.items() if _is_shown(values["auc"])]
    shown = [name for name in averaged if name not in unknown]
    if len(averaged) - len(shown) != 1 or not shown:
        return []
    return [min(shown, key=lambda name: (before[name]["positives"], name))]


def _is_shown(estimate: dict[str, Any]) -> bool:
    """Whether a class has enough cases for its own value, and so is in the mean."""
    return bool(estimate["status"] == ESTIMATED)


def _class(
    values: dict[str, Any],
    where: str,
    name: str,
    role: str,
    hidden: HiddenSlices,
    below: int,
) -> dict[str, Any]:
    whole = (where, name) in hidden.labels
    sides = {side for side in SIDES if (where, name, role, side) in hidden.answers}
    nothing = {
        metric
        for metric in CLASS_METRICS
        if whole or any(side in sides for side in _RATES.get(metric, ()))
    }
    counts = {
        field: shown_count(values["counts"][field], side in sides, below)
        for side, fields in SIDES.items()
        for field in fields
    }
    deployed = values["at_deployment"]
    if deployed is not None and (whole or sides):
        deployed = deployed | {rate: without_number(WITHHELD) for rate in ("ppv", "npv")}
    return values | {
        **{side: shown_count(values[side], whole, below) for side in SIDES},
        **{
            kind: shown_count(values[kind], (where, name) in hidden.patients, below)
            for kind in ("positive_patients", "negative_patients")
        },
        "prevalence": None if whole else values["prevalence"],
        **{metric: without_number(WITHHELD) for metric in nothing},
        "counts": counts,
        "at_deployment": deployed,
    }
