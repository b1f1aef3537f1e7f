"""Distribution shift as a number: what a metric loses from the training sites to a held-out one."""

from typing import Any

from components.case_predictor import predictions
from components.site_evaluator.results import Estimate, Evaluation, Slice, SliceMetrics, site_slice
from components.site_evaluator.shift import shift_loss
from components.site_evaluator.sufficiency import why_too_few
from components.slice_report import estimates
from components.slice_report.settings import ReportSettings
from components.slice_report.vocabulary import MAIN_METRICS

_IN_DISTRIBUTION: Slice = ((predictions.DISTRIBUTION, predictions.IN_DISTRIBUTION),)


def shift_rows(
    candidate: Evaluation, baseline: Evaluation | None, settings: ReportSettings
) -> list[dict[str, Any]]:
    """Returns a row a held-out site and main metric, with paired intervals.

    `loss` is the in-distribution value minus the site's, as in the gate; `spared_loss` is the
    baseline's loss minus the candidate's, so a positive one speaks for the candidate.
    """
    return [
        _row(site, metric, candidate, baseline, settings)
        for metric in MAIN_METRICS[candidate.card.task]
        for site in settings.held_out_sites
    ]


def _row(
    site: str,
    metric: str,
    candidate: Evaluation,
    baseline: Evaluation | None,
    settings: ReportSettings,
) -> dict[str, Any]:
    key = site_slice(site)
    inside, outside = candidate.slices.get(_IN_DISTRIBUTION), candidate.slices.get(key)
    row: dict[str, Any] = {"site": site, "metric": metric, "classes": [], "cases": 0}
    names = ("in_distribution", "at_site", "loss", "baseline_loss", "spared_loss")
    if inside is None or outside is None:
        return row | {name: estimates.without_number(estimates.MISSING) for name in names}
    shift = shift_loss(inside, outside, metric, settings.sample_limits)
    if shift is None:
        return row | {name: estimates.without_number(estimates.MISSING) for name in names}
    row |= {"classes": list(shift.classes), "cases": outside.cases}
    shown_first = _shown(shift.inside_value, metric, shift.inside, settings)
    shown_second = _shown(shift.outside_value, metric, shift.outside, settings)
    loss = estimates.shown_if_both(shift.loss, shown_first, shown_second)
    row |= {"in_distribution": shown_first, "at_site": shown_second, "loss": loss}
    return row | _against_baseline(metric, key, shift.loss, loss, baseline, settings)


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
