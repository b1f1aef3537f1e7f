"""How many cases a model would mark at other thresholds: what the page's controls move over."""

from typing import Any

import numpy as np
import numpy.typing as npt

from components.site_evaluator.results import OVERALL, ClassMetrics, Evaluation, Slice
from components.site_evaluator.sufficiency import why_too_few_of_class
from components.slice_report.settings import ReportSettings

# Steps of the threshold are kept to what changes either rate by about a hundredth.
_RATE_STEPS = 100


def exploration(
    candidate: Evaluation, entries: list[dict[str, Any]], settings: ReportSettings
) -> list[dict[str, Any]]:
    """Returns, per class and slice, the cases marked at each threshold: the same at every site.

    The thresholds are points of the ROC curve over all cases, and the frozen operating point. A
    class without such a curve (too few cases) is left out; a slice that has too few has None.

    Args:
        candidate: Evaluation of the candidate.
        entries: Of the slices, see `slice_entries`; subgroups are left out.
        settings: Limits of the report.
    """
    keys = {
        entry["name"]: tuple(sorted(entry["features"].items()))
        for entry in entries
        if entry["kind"] != "subgroup"
    }
    return [
        _explored_class(name, metrics, candidate, keys, settings)
        for name, metrics in candidate.slices[OVERALL].classes.items()
        if _has_curve(metrics, settings)
    ]


def _explored_class(
    class_name: str,
    overall: ClassMetrics,
    candidate: Evaluation,
    keys: dict[str, Slice],
    settings: ReportSettings,
) -> dict[str, Any]:
    operating_point = candidate.card.operating_point[class_name]
    thresholds = np.union1d(_steps(overall), operating_point)
    return {
        "class": class_name,
        "thresholds": thresholds.tolist(),
        "frozen": int(np.searchsorted(thresholds, operating_point)),
        "prevalence": settings.deployment_prevalence.get(
            class_name, overall.positives / (overall.positives + overall.negatives)
        ),
        "rows": [
            _row(name, candidate.slices[key].classes[class_name], thresholds, settings)
            for name, key in keys.items()
            if key in candidate.slices
        ],
    }


def _steps(metrics: ClassMetrics) -> npt.NDArray[np.float64]:
    points = np.stack([metrics.false_positive_rate, metrics.true_positive_rate], axis=1)[1:]
    _, chosen = np.unique(np.round(points * _RATE_STEPS), axis=0, return_index=True)
    return metrics.roc_threshold[1:][chosen]


def _row(
    slice_name: str,
    metrics: ClassMetrics,
    thresholds: npt.NDArray[np.float64],
    settings: ReportSettings,
) -> dict[str, Any]:
    row: dict[str, Any] = {
        "slice": slice_name,
        "positives": metrics.positives,
        "negatives": metrics.negatives,
        "true_positives": None,
        "false_positives": None,
    }
    if not _has_curve(metrics, settings):
        return row
    # The last point whose threshold is not below: thresholds of a curve fall.
    points = np.searchsorted(-metrics.roc_threshold, -thresholds, side="right") - 1
    return row | {
        "true_positives": _counts(metrics.true_positive_rate[points], metrics.positives),
        "false_positives": _counts(metrics.false_positive_rate[points], metrics.negatives),
    }


def _counts(rates: npt.NDArray[np.float64], cases: int) -> list[int]:
    return np.rint(rates * cases).astype(int).tolist()


def _has_curve(metrics: ClassMetrics, settings: ReportSettings) -> bool:
    return why_too_few_of_class("auc", "it", metrics, settings.sample_limits) is None
