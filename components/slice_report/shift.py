"""Distribution shift as a number: what a metric loses from the training sites to a held-out one."""

from typing import Any

from components.case_predictor import predictions
from components.site_evaluator import intervals
from components.site_evaluator.results import Estimate, Evaluation, Slice, SliceMetrics
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
    key: Slice = ((predictions.SITE, site),)
    inside, outside = candidate.slices.get(_IN_DISTRIBUTION), candidate.slices.get(key)
    row: dict[str, Any] = {"site": site, "metric": metric, "classes": [], "cases": 0}
    names = ("in_distribution", "at_site", "loss", "baseline_loss", "spared_loss")
    if inside is None or outside is None:
        return row | {name: estimates.without_number(estimates.MISSING) for name in names}
    classes = _shared_classes(inside, outside)
    row |= {"classes": classes, "cases": outside.cases}
    first = _metric(metric, inside, classes)
    second = _metric(metric, outside, classes)
    shown_first = estimates.shown(first, estimates.enough_for_slice(metric, inside, settings))
    shown_second = estimates.shown(second, estimates.enough_for_slice(metric, outside, settings))
    loss = estimates.shown_difference(first, second, shown_first, shown_second)
    row |= {"in_distribution": shown_first, "at_site": shown_second, "loss": loss}
    return row | _against_baseline(
        metric, key, classes, intervals.paired_difference(first, second), loss, baseline
    )


def _against_baseline(
    metric: str,
    key: Slice,
    classes: list[str],
    loss: Estimate,
    shown_loss: dict[str, Any],
    baseline: Evaluation | None,
) -> dict[str, Any]:
    inside = baseline.slices.get(_IN_DISTRIBUTION) if baseline else None
    outside = baseline.slices.get(key) if baseline else None
    if inside is None or outside is None or shown_loss["status"] != estimates.ESTIMATED:
        status = estimates.MISSING if baseline is None else shown_loss["status"]
        nothing = estimates.without_number(status)
        return {"baseline_loss": nothing, "spared_loss": nothing}
    baseline_loss = intervals.paired_difference(
        _metric(metric, inside, classes), _metric(metric, outside, classes)
    )
    shown_baseline_loss = estimates.shown(baseline_loss, enough=True)
    return {
        "baseline_loss": shown_baseline_loss,
        "spared_loss": estimates.shown_difference(
            baseline_loss, loss, shown_baseline_loss, shown_loss
        ),
    }


def _shared_classes(inside: SliceMetrics, outside: SliceMetrics) -> list[str]:
    return [name for name in inside.classes if _present(name, inside) and _present(name, outside)]


def _present(name: str, metrics: SliceMetrics) -> bool:
    counts = metrics.classes.get(name)
    return counts is not None and counts.positives > 0 and counts.negatives > 0


def _metric(name: str, metrics: SliceMetrics, classes: list[str]) -> Estimate:
    """Returns a metric; the mean AUC over the given classes, so that both sides average the same.

    A site may lack a class, or label only some of the findings.
    """
    if name == "mean_auc" and classes:
        return estimates.mean([metrics.classes[class_name].auc for class_name in classes])
    return metrics.metrics[name]
