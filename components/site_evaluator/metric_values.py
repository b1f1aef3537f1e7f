"""How the metrics of a slice are written as TFMA metric values, and read back.

A metric is stored under its name, the ends of its interval under `NAME_lower` and `NAME_upper`,
its replicates under `NAME_replicates`, its trials under `NAME_trials`; arrays are TFMA array
values. The key of a class has the class' index as its `class_id`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow_model_analysis as tfma

from components.site_evaluator.results import (
    OPERATING_POINT,
    PREDICTED_CLASS,
    ClassMetrics,
    Estimate,
    Reclassified,
    SliceMetrics,
)
from components.site_evaluator.sufficiency import CLASS_METRICS

CLASS_COUNTS = (
    "positives",
    "negatives",
    "positive_patients",
    "negative_patients",
    "marked_patients",
    "unmarked_patients",
)
CLASS_ARRAYS = (
    "false_positive_rate",
    "true_positive_rate",
    "roc_threshold",
    "calibration_score",
    "calibration_rate",
    "calibration_count",
)
SLICE_ESTIMATES = (
    "mean_auc",
    "mean_average_precision",
    "log_loss",
    "ece",
    "accuracy",
    "balanced_accuracy",
    "top_3_accuracy",
)
RECLASSIFIED_COUNTS = ("newly_found", "newly_missed", "newly_false_alarm", "newly_cleared")
RECLASSIFIED_ESTIMATES = ("net_found", "net_cleared")

Value = float | npt.NDArray[np.float64]


def to_metric_values(metrics: SliceMetrics) -> dict[tfma.metrics.MetricKey, Value]:
    """Returns the metrics of a slice under their TFMA keys."""
    values: dict[str, Value] = {"cases": metrics.cases, "patients": metrics.patients}
    if metrics.confusion is not None:
        values["confusion"] = metrics.confusion
    for name, estimate in metrics.metrics.items():
        values |= _estimate_values(name, estimate)
    keyed = {tfma.metrics.MetricKey(name): value for name, value in values.items()}
    for index, class_metrics in enumerate(metrics.classes.values()):
        sub_key = tfma.metrics.SubKey(class_id=index)
        for name, value in _class_values(class_metrics).items():
            keyed[tfma.metrics.MetricKey(name, sub_key=sub_key)] = value
    return keyed | reclassified_values(metrics.reclassified)


def reclassified_values(
    reclassified: Mapping[str, Mapping[str, Reclassified]],
) -> dict[tfma.metrics.MetricKey, Value]:
    """Returns what a candidate changes in a slice under its TFMA keys, `predicted_class_net_found`.

    Args:
        reclassified: As in `SliceMetrics`.
    """
    keyed: dict[tfma.metrics.MetricKey, Value] = {}
    for criterion, by_class in reclassified.items():
        for index, changes in enumerate(by_class.values()):
            sub_key = tfma.metrics.SubKey(class_id=index)
            values: dict[str, Value] = {
                name: getattr(changes, name) for name in RECLASSIFIED_COUNTS
            }
            for name in RECLASSIFIED_ESTIMATES:
                values |= _estimate_values(name, getattr(changes, name))
            for name, value in values.items():
                keyed[tfma.metrics.MetricKey(f"{criterion}_{name}", sub_key=sub_key)] = value
    return keyed


def from_metric_values(
    values: Mapping[tuple[str, int | None], Value], classes: Sequence[str]
) -> SliceMetrics:
    """Returns the metrics that `to_metric_values` wrote.

    Args:
        values: By metric name and class index (None: of the whole slice).
        classes: Class names, in order.
    """
    of_slice = {name: value for (name, index), value in values.items() if index is None}
    confusion = of_slice.get("confusion")
    by_class = {
        class_name: {name: value for (name, of_class), value in values.items() if of_class == index}
        for index, class_name in enumerate(classes)
    }
    return SliceMetrics(
        cases=int(of_slice["cases"]),
        patients=int(of_slice["patients"]),
        metrics={
            name: _to_estimate(of_slice, name) for name in SLICE_ESTIMATES if name in of_slice
        },
        classes={name: _to_class_metrics(of_class) for name, of_class in by_class.items()},
        confusion=None if confusion is None else np.asarray(confusion),
        reclassified=_to_reclassified(by_class),
    )


def _to_reclassified(
    by_class: Mapping[str, Mapping[str, Value]],
) -> dict[str, dict[str, Reclassified]]:
    return {
        criterion: {
            class_name: _to_changes(values, criterion) for class_name, values in by_class.items()
        }
        for criterion in (OPERATING_POINT, PREDICTED_CLASS)
        if all(f"{criterion}_net_found" in values for values in by_class.values())
    }


def _to_changes(values: Mapping[str, Value], criterion: str) -> Reclassified:
    fields: dict[str, Any] = {
        name: int(values[f"{criterion}_{name}"]) for name in RECLASSIFIED_COUNTS
    }
    fields |= {name: _to_estimate(values, f"{criterion}_{name}") for name in RECLASSIFIED_ESTIMATES}
    return Reclassified(**fields)


def _class_values(metrics: ClassMetrics) -> dict[str, Value]:
    values: dict[str, Value] = {
        name: getattr(metrics, name) for name in (*CLASS_COUNTS, *CLASS_ARRAYS)
    }
    for name in CLASS_METRICS:
        values |= _estimate_values(name, getattr(metrics, name))
    return values


def _to_class_metrics(values: Mapping[str, Value]) -> ClassMetrics:
    fields: dict[str, Any] = {name: int(values[name]) for name in CLASS_COUNTS}
    fields |= {name: _to_estimate(values, name) for name in CLASS_METRICS}
    fields |= {name: np.asarray(values[name]) for name in CLASS_ARRAYS}
    return ClassMetrics(**fields)


def _estimate_values(name: str, estimate: Estimate) -> dict[str, Value]:
    return {
        name: estimate.value,
        f"{name}_lower": estimate.lower,
        f"{name}_upper": estimate.upper,
        f"{name}_replicates": estimate.replicates,
        f"{name}_trials": estimate.trials,
    }


def _to_estimate(values: Mapping[str, Value], name: str) -> Estimate:
    return Estimate(
        value=float(values[name]),
        lower=float(values[f"{name}_lower"]),
        upper=float(values[f"{name}_upper"]),
        replicates=np.asarray(values[f"{name}_replicates"]),
        trials=int(values[f"{name}_trials"]),
    )
