"""One entry a slice: counts, metrics of the candidate and the baseline, and their difference."""

from typing import Any

import numpy as np

from components.case_predictor import predictions
from components.site_evaluator.results import (
    OVERALL,
    ClassMetrics,
    Evaluation,
    Slice,
    SliceMetrics,
    site_slice,
)
from components.site_evaluator.sufficiency import (
    CLASS_METRICS,
    is_present,
    why_too_few,
    why_too_few_of_class,
)
from components.slice_report import estimates
from components.slice_report.deployment import at_prevalence, counts_at_operating_point
from components.slice_report.settings import ReportSettings
from components.slice_report.vocabulary import slice_name

_KINDS = {predictions.SITE: "site", predictions.DISTRIBUTION: "distribution"}
_KIND_ORDER = ("overall", "distribution", "site", "subgroup")
_KINDS_WITH_CURVES = ("overall", "site")
# Curves are kept to what a plot of this many pixels a side can show.
_CURVE_RESOLUTION = 400


def slice_entries(
    candidate: Evaluation, baseline: Evaluation | None, settings: ReportSettings
) -> list[dict[str, Any]]:
    """Returns an entry a slice: all cases, distributions, sites by falling n, then subgroups.

    A held-out site without any evaluated case gets an entry too, so that its absence shows.
    """
    entries = [
        _entry(key, metrics, baseline.slices.get(key) if baseline else None, settings)
        for key, metrics in candidate.slices.items()
    ]
    sites = {entry["features"].get(predictions.SITE) for entry in entries}
    entries += [_empty_site(site) for site in settings.held_out_sites if site not in sites]
    return sorted(entries, key=_position)


def _position(entry: dict[str, Any]) -> tuple[Any, ...]:
    kind = _KIND_ORDER.index(entry["kind"])
    if entry["kind"] == "site":
        return (kind, -entry["cases"], entry["name"])
    return (kind, sorted(entry["features"].items()))


def _entry(
    key: Slice, candidate: SliceMetrics, baseline: SliceMetrics | None, settings: ReportSettings
) -> dict[str, Any]:
    has_curves = _kind(key) in _KINDS_WITH_CURVES
    models = {"candidate": _model_entry(candidate, settings, has_curves)}
    differences = {}
    if baseline is not None:
        models["baseline"] = _model_entry(baseline, settings, has_curves)
        differences = {
            name: estimates.shown_difference(
                candidate.metrics[name],
                baseline.metrics[name],
                models["candidate"]["metrics"][name],
                models["baseline"]["metrics"][name],
            )
            for name in candidate.metrics
            if name in baseline.metrics
        }
    features = dict(key)
    return {
        "name": slice_name(key),
        "kind": _kind(key),
        "features": features,
        "held_out": features.get(predictions.SITE) in settings.held_out_sites,
        "cases": candidate.cases,
        "patients": candidate.patients,
        "models": models,
        "differences": differences,
    }


def _empty_site(site: str) -> dict[str, Any]:
    return {
        "name": slice_name(site_slice(site)),
        "kind": "site",
        "features": {predictions.SITE: site},
        "held_out": True,
        "cases": 0,
        "patients": 0,
        "models": {},
        "differences": {},
    }


def _kind(key: Slice) -> str:
    if key == OVERALL:
        return "overall"
    return _KINDS.get(key[0][0], "subgroup") if len(key) == 1 else "subgroup"


def _model_entry(
    metrics: SliceMetrics, settings: ReportSettings, has_curves: bool
) -> dict[str, Any]:
    return {
        "metrics": {
            name: estimates.shown(
                estimate, why_too_few(name, metrics, settings.sample_limits) is None
            )
            for name, estimate in metrics.metrics.items()
        },
        "absent_classes": [
            name for name, counts in metrics.classes.items() if not is_present(counts)
        ],
        "sparse_classes": [
            name
            for name, counts in metrics.classes.items()
            if is_present(counts) and _too_few("auc", counts, settings)
        ],
        "classes": {
            name: _class_entry(name, counts, settings, has_curves)
            for name, counts in metrics.classes.items()
        },
        "confusion": None if metrics.confusion is None else _whole_numbers(metrics.confusion),
    }


def _class_entry(
    class_name: str, metrics: ClassMetrics, settings: ReportSettings, has_curves: bool
) -> dict[str, Any]:
    known = metrics.positives + metrics.negatives
    draws_curves = has_curves and not _too_few("auc", metrics, settings)
    return {
        "positives": metrics.positives,
        "negatives": metrics.negatives,
        "positive_patients": metrics.positive_patients,
        "negative_patients": metrics.negative_patients,
        "prevalence": metrics.positives / known if known else None,
        **{
            name: estimates.shown(getattr(metrics, name), not _too_few(name, metrics, settings))
            for name in CLASS_METRICS
        },
        "counts": counts_at_operating_point(metrics),
        "at_deployment": at_prevalence(
            metrics,
            settings.deployment_prevalence.get(class_name),
            enough=not any(
                _too_few(name, metrics, settings) for name in ("sensitivity", "specificity")
            ),
        ),
        "roc": _roc(metrics) if draws_curves else None,
        "calibration": _calibration(metrics) if draws_curves else None,
    }


def _too_few(name: str, counts: ClassMetrics, settings: ReportSettings) -> bool:
    return why_too_few_of_class(name, "it", counts, settings.sample_limits) is not None


def _roc(metrics: ClassMetrics) -> dict[str, list[Any]]:
    """Returns the curve's points on the plot's grid; both coordinates rise along it.

    The threshold of the first point, which marks no case, is None.
    """
    points = np.stack([metrics.false_positive_rate, metrics.true_positive_rate], axis=1)
    points, chosen = np.unique(np.round(points * _CURVE_RESOLUTION), axis=0, return_index=True)
    points = points / _CURVE_RESOLUTION
    thresholds = metrics.roc_threshold[chosen].tolist()
    return {
        "false_positive_rate": points[:, 0].tolist(),
        "true_positive_rate": points[:, 1].tolist(),
        "threshold": [value if np.isfinite(value) else None for value in thresholds],
    }


def _calibration(metrics: ClassMetrics) -> dict[str, list[float]]:
    filled = metrics.calibration_count > 0
    return {
        "score": metrics.calibration_score[filled].tolist(),
        "rate": metrics.calibration_rate[filled].tolist(),
        "cases": metrics.calibration_count[filled].tolist(),
    }


def _whole_numbers(matrix: np.ndarray) -> list[list[int]]:
    return np.rint(matrix).astype(int).tolist()
