"""What metrics lose from the training sites to a held-out one, means and rates of each class."""

from typing import Any

from components.case_predictor import predictions
from components.site_evaluator.results import Estimate, Evaluation, Slice, SliceMetrics, site_slice
from components.site_evaluator.shift import shift_loss
from components.site_evaluator.sufficiency import why_too_few
from components.slice_report import estimates
from components.slice_report.settings import ReportSettings
from components.slice_report.vocabulary import MAIN_METRICS

OF_CASES = {"sensitivity": "positives", "specificity": "negatives"}
"""Rates at the operating point that a site may lose, and of which cases of a class they are."""
_SIDES = ("in_distribution", "at_site", "loss", "baseline_loss", "spared_loss")
_IN_DISTRIBUTION: Slice = ((predictions.DISTRIBUTION, predictions.IN_DISTRIBUTION),)


def shift_rows(
    candidate: Evaluation, baseline: Evaluation | None, settings: ReportSettings
) -> list[dict[str, Any]]:
    """Returns a row a held-out site and metric, with paired intervals.

    The main metrics come first, then sensitivity and specificity of each class at the operating
    point, whose `cases` are those with (without) the class. `loss` is the in-distribution value
    minus the site's, as in the gate; `spared_loss` is the baseline's loss minus the candidate's, so
    a positive one speaks for the candidate.
    """
    asked: list[tuple[str, str | None]] = [
        (metric, None) for metric in MAIN_METRICS[candidate.card.task]
    ]
    asked += [(rate, name) for name in candidate.card.classes for rate in OF_CASES]
    return [
        _row(site, metric, class_name, candidate, baseline, settings)
        for metric, class_name in asked
        for site in settings.held_out_sites
    ]


def _row(
    site: str,
    metric: str,
    class_name: str | None,
    candidate: Evaluation,
    baseline: Evaluation | None,
    settings: ReportSettings,
) -> dict[str, Any]:
    key = site_slice(site)
    inside, outside = candidate.slices.get(_IN_DISTRIBUTION), candidate.slices.get(key)
    row: dict[str, Any] = {"site": site, "metric": metric, "class": class_name, "classes": []}
    row |= {"cases": 0, "in_distribution_cases": 0}
    name = metric if class_name is None else f"{metric}:{class_name}"
    if inside is None or outside is None:
        return row | {side: estimates.without_number(estimates.MISSING) for side in _SIDES}
    shift = shift_loss(inside, outside, name, settings.sample_limits)
    if shift is None:
        return row | {side: estimates.without_number(estimates.MISSING) for side in _SIDES}
    row |= {
        "classes": list(shift.classes) if class_name is None else [],
        "cases": _cases(outside, metric, class_name),
        "in_distribution_cases": _cases(inside, metric, class_name),
    }
    shown_first = _shown(shift.inside_value, name, shift.inside, settings)
    shown_second = _shown(shift.outside_value, name, shift.outside, settings)
    loss = estimates.shown_if_both(shift.loss, shown_first, shown_second)
    row |= {"in_distribution": shown_first, "at_site": shown_second, "loss": loss}
    return row | _against_baseline(name, key, shift.loss, loss, baseline, settings)


def _cases(metrics: SliceMetrics, metric: str, class_name: str | None) -> int:
    """Returns of how many cases of a slice a metric is."""
    if class_name is None:
        return metrics.cases
    cases: int = getattr(metrics.classes[class_name], OF_CASES[metric])
    return cases


def _against_baseline(
    metric: str,
    key: Slice,
    loss: Estimate,
    shown_loss: dict[str, Any],
    baseline: Evaluation | None,
    settings: ReportSettings,
) -> dict[str, Any]:
    inside = baseline.slices.get(_IN_DISTRIBUTION) if baseline else None
    outside = baseline.slices.get(key) if baseline else None
    if inside is None or outside is None or shown_loss["status"] != estimates.ESTIMATED:
        status = estimates.MISSING if baseline is None else shown_loss["status"]
        nothing = estimates.without_number(status)
        return {"baseline_loss": nothing, "spared_loss": nothing}
    shift = shift_loss(inside, outside, metric, settings.sample_limits)
    if shift is None:
        nothing = estimates.without_number(estimates.MISSING)
        return {"baseline_loss": nothing, "spared_loss": nothing}
    shown_baseline_loss = estimates.shown(shift.loss, enough=True)
    return {
        "baseline_loss": shown_baseline_loss,
        "spared_loss": estimates.shown_difference(
            shift.loss, loss, shown_baseline_loss, shown_loss
        ),
    }


def _shown(
    value: Estimate, metric: str, metrics: SliceMetrics, settings: ReportSettings
) -> dict[str, Any]:
    return estimates.shown(value, why_too_few(metric, metrics, settings.sample_limits) is None)
