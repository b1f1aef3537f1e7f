"""Two models side by side from their `report.json`: without resamples, so without intervals."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.case_predictor.predictions import SITE
from components.model_question import ModelQuestion, check_same_question
from components.slice_report import report_data
from components.slice_report.comparison import FORMAT, NAMES
from components.slice_report.estimates import ESTIMATED, without_number
from trainer.errors import UserError

_NEEDED = {"settings", "run", "task", "classes", "main_metrics", "models", "slices"}


def read_report(file: Path) -> dict[str, Any]:
    """Reads a `report.json`.

    Raises:
        UserError: It is not one.
    """
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{file}: cannot be read as JSON ({error}). Give a report.json.") from error
    is_report = isinstance(data, dict) and set(data) >= _NEEDED
    if not is_report or data.get("format") != report_data.FORMAT:
        raise UserError(
            f"{file}: not a report.json of format {report_data.FORMAT}. Give the output_dir of a "
            "run, or report.json in its folder report."
        )
    return data


def compared_reports(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """Returns what `comparison.comparison_data` returns, differences without interval.

    Args:
        first: The report called A, whose words are taken.
        second: The report called B.

    Raises:
        UserError: The models answer different questions.
    """
    reports = dict(zip(NAMES, (first, second), strict=True))
    cards = {name: data["models"]["candidate"] for name, data in reports.items()}
    questions = {
        name: ModelQuestion(card["task"], tuple(card["classes"])) for name, card in cards.items()
    }
    check_same_question("--compare B", questions["B"], questions["A"])
    _check_same_limit(reports)
    others = {entry["name"]: entry for entry in second["slices"]}
    return {
        "format": FORMAT,
        **{key: first[key] for key in ("settings", "task", "classes", "main_metrics")},
        # The plots know these two roles.
        "models": {
            role: {**cards[name], "model_name": f"{name}: {cards[name]['model_name']}"}
            for role, name in (("candidate", "A"), ("baseline", "B"))
        },
        "runs": {name: data["run"] for name, data in reports.items()},
        "unpaired": ["report", *_differing(first, second)],
        "sites_of_b_only": sorted(_sites(second) - _sites(first)),
        "slices": [_entry(entry, others.get(entry["name"])) for entry in first["slices"]],
        # A report has no cases to count them by.
        "reclassified": [],
        "renamed": [],
    }


def _sites(data: dict[str, Any]) -> set[str]:
    return {
        entry["features"][SITE]
        for entry in data["slices"]
        if entry["kind"] == "site" and entry["models"]
    }


def _check_same_limit(reports: Mapping[str, dict[str, Any]]) -> None:
    below = {name: data["settings"]["suppress_counts_below"] for name, data in reports.items()}
    if below["A"] != below["B"]:
        raise UserError(
            f"--compare B: withholds counts below {below['B']}, expected {below['A']} as A does; "
            "one would give away what the other withholds. Give report.suppress_counts_below the "
            "same value and make both again by 'micle report'."
        )


def _differing(first: dict[str, Any], second: dict[str, Any]) -> list[str]:
    differing = {
        "data": first["run"]["data_fingerprint"] != second["run"]["data_fingerprint"],
        "cases": _counts(first) != _counts(second),
    }
    return [name for name, differs in differing.items() if differs]


def _counts(data: dict[str, Any]) -> dict[str, tuple[int, int]]:
    classes = data["slices"][0]["models"]["candidate"]["classes"]
    return {name: (values["positives"], values["negatives"]) for name, values in classes.items()}


def _entry(ours: dict[str, Any], theirs: dict[str, Any] | None) -> dict[str, Any]:
    models = {}
    for role, entry in (("candidate", ours), ("baseline", theirs)):
        if entry is not None and "candidate" in entry["models"]:
            models[role] = entry["models"]["candidate"]
    differences = {}
    if len(models) == 2:
        first, second = (models[role]["metrics"] for role in ("candidate", "baseline"))
        differences = {
            name: _difference(first[name], second[name]) for name in first if name in second
        }
    return {**ours, "models": models, "differences": differences}


def _difference(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    for side in (first, second):
        if side["status"] != ESTIMATED:
            return without_number(side["status"])
    return {
        "status": ESTIMATED,
        "value": first["value"] - second["value"],
        "lower": None,
        "upper": None,
    }
