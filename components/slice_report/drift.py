"""How far each site's data is from what training saw, for the page and as `drift.csv`."""

import csv
import io
from collections.abc import Sequence
from typing import Any

from components.site_drift.drift import FeatureDrift, SiteDrift
from components.slice_report.message_catalogue import Messages
from components.slice_report.spreadsheet import safe_cell
from schemas import case_features

COLUMNS = (
    *("site", "held_out", "cases", "feature", "measure", "distance"),
    *("value", "at_site", "at_training_sites"),
)


def drift_rows(drifts: Sequence[SiteDrift], min_cases: int) -> list[dict[str, Any]]:
    """Returns a row a site; few cases are far from any others by chance, and are not compared."""
    return [
        {
            "site": drift.site,
            "held_out": drift.held_out,
            "cases": drift.cases,
            "features": [_feature(found) for found in drift.features]
            if drift.cases >= min_cases
            else None,
        }
        for drift in drifts
    ]


def _feature(found: FeatureDrift) -> dict[str, Any]:
    distance = found.distance
    return {
        "feature": found.feature,
        "measure": "share" if distance.of else "divergence",
        "distance": distance.value,
        "value": distance.of or None,
        "at_site": distance.here,
        "at_training_sites": distance.elsewhere,
    }


def drift_csv(rows: Sequence[dict[str, Any]]) -> str:
    """Returns a row a site and feature as CSV; sites of too few cases have none."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        where = [safe_cell(row["site"]), str(row["held_out"]).lower(), row["cases"]]
        for found in row["features"] or ():
            words = [safe_cell(found["feature"]), found["measure"], found["distance"]]
            values = [safe_cell(found["value"] or ""), found["at_site"]]
            writer.writerow([*where, *words, *values, found["at_training_sites"]])
    return text.getvalue()


def feature_name(feature: str, messages: Messages) -> str:
    """Returns a feature as a person reads it: `View`; a finding by its own name."""
    name, _, part = feature.partition(":")
    return part or messages.plain(f"drift.feature.{name}")


def value_name(found: dict[str, Any], messages: Messages) -> str:
    """Returns the value whose share differs most: `lateral`, `present`."""
    value: str = found["value"]
    if found["feature"].startswith(f"{case_features.KNOWN_FINDING}:"):
        return messages.plain("drift.present" if value == "1" else "drift.absent")
    if found["feature"] == case_features.SEX:
        return messages.texts.get(f"slice.{value}", value)
    return value
