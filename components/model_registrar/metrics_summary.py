"""An evaluation's numbers for the registry: without curves and replicates."""

import math
from typing import Any

from components.site_evaluator.results import Estimate, Evaluation, Slice, SliceMetrics
from components.site_evaluator.sufficiency import (
    CLASS_METRICS,
    SampleLimits,
    why_too_few,
    why_too_few_of_class,
)
from components.slice_report.vocabulary import slice_name


def metrics_summary(evaluation: Evaluation, limits: SampleLimits) -> dict[str, Any]:
    """Returns cases, metrics and class metrics by slice name; too few to estimate is None."""
    return {slice_name(key): _slice(metrics, limits) for key, metrics in _ordered(evaluation)}


def _ordered(evaluation: Evaluation) -> list[tuple[Slice, SliceMetrics]]:
    return sorted(evaluation.slices.items(), key=lambda item: (len(item[0]), item[0]))


def _slice(metrics: SliceMetrics, limits: SampleLimits) -> dict[str, Any]:
    return {
        "cases": metrics.cases,
        "metrics": {
            name: _estimate(estimate, why_too_few(name, metrics, limits) is None)
            for name, estimate in metrics.metrics.items()
        },
        "classes": {
            class_name: {
                "positives": counts.positives,
                "negatives": counts.negatives,
                **{
                    name: _estimate(
                        getattr(counts, name),
                        why_too_few_of_class(name, class_name, counts, limits) is None,
                    )
                    for name in CLASS_METRICS
                },
            }
            for class_name, counts in metrics.classes.items()
        },
    }


def _estimate(estimate: Estimate, enough: bool) -> dict[str, float | None] | None:
    if not enough:
        return None
    ends = {"value": estimate.value, "lower": estimate.lower, "upper": estimate.upper}
    return {name: None if math.isnan(end) else end for name, end in ends.items()}
