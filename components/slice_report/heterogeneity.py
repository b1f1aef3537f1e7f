"""How far the sites lie apart."""

from typing import Any

from components.case_predictor import predictions
from components.site_evaluator.results import Evaluation, Slice
from components.slice_report import estimates
from components.slice_report.estimates import ESTIMATED


def heterogeneity(
    candidate: Evaluation, entries: list[dict[str, Any]], metric: str
) -> dict[str, Any] | None:
    """Returns the best and the worst site and their difference; None with fewer than two sites.

    Args:
        candidate: Evaluation of the candidate.
        entries: Of the slices, see `slice_entries`; sites with too few cases are left out.
        metric: Of the whole slice.
    """
    values = {
        entry["features"][predictions.SITE]: entry["models"]["candidate"]["metrics"][metric]
        for entry in entries
        if entry["kind"] == "site" and entry["models"]
    }
    values = {site: value for site, value in values.items() if value["status"] == ESTIMATED}
    if len(values) < 2:
        return None
    lowest = min(values, key=lambda site: values[site]["value"])
    highest = max(values, key=lambda site: values[site]["value"])
    return {
        "metric": metric,
        "sites": len(values),
        "lowest": {"site": lowest, **values[lowest]},
        "highest": {"site": highest, **values[highest]},
        "gap": estimates.shown_difference(
            candidate.slices[_site(highest)].metrics[metric],
            candidate.slices[_site(lowest)].metrics[metric],
            values[highest],
            values[lowest],
        ),
    }


def _site(name: str) -> Slice:
    return ((predictions.SITE, name),)
