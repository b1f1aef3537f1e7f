"""What a metric loses from one slice to another: one function for the gate and for the report.

A site may lack a class, or label only some of the findings; both sides of the difference must then
average over the same classes.
"""

import dataclasses

import numpy as np

from components.site_evaluator.intervals import estimate, paired_difference
from components.site_evaluator.results import Estimate, SliceMetrics
from components.site_evaluator.sufficiency import find_estimate, is_present


@dataclasses.dataclass(frozen=True)
class ShiftLoss:
    """A metric in distribution and at a site, made comparable.

    Attributes:
        classes: Those that both sides have, with cases of both kinds.
        inside: Metrics in distribution; for a mean AUC, of these classes alone.
        outside: The same at the site.
        inside_value: The metric in distribution.
        outside_value: The metric at the site.
        loss: The first minus the second, paired; NaN where the two cannot be compared.
    """

    classes: tuple[str, ...]
    inside: SliceMetrics
    outside: SliceMetrics
    inside_value: Estimate
    outside_value: Estimate
    loss: Estimate


def shift_loss(inside: SliceMetrics, outside: SliceMetrics, metric: str) -> ShiftLoss | None:
    """Returns what a metric loses; None where one of the two does not have it.

    A mean AUC is taken over the shared classes. Balanced accuracy, the mean sensitivity over the
    classes present, is stored only as a whole: its loss is NaN where the sides differ in classes.

    Args:
        inside: Metrics of the sites seen in training.
        outside: Metrics of a held-out site.
        metric: `mean_auc`, or of one class `sensitivity:edema`.
    """
    classes = shared_classes(inside, outside)
    if metric == "mean_auc":
        inside, outside = _of_classes(inside, classes), _of_classes(outside, classes)
    first, second = find_estimate(inside, metric), find_estimate(outside, metric)
    if first is None or second is None:
        return None
    loss = paired_difference(first, second)
    if metric == "balanced_accuracy" and _with_positives(inside) != _with_positives(outside):
        loss = _undefined(loss)
    return ShiftLoss(classes, inside, outside, first, second, loss)


def shared_classes(inside: SliceMetrics, outside: SliceMetrics) -> tuple[str, ...]:
    """Returns the classes that have positives and negatives on both sides."""
    return tuple(
        name
        for name, counts in inside.classes.items()
        if is_present(counts) and name in outside.classes and is_present(outside.classes[name])
    )


def _of_classes(metrics: SliceMetrics, classes: tuple[str, ...]) -> SliceMetrics:
    """Returns a slice that has only the given classes, and their mean AUC."""
    chosen = {name: metrics.classes[name] for name in classes}
    aucs = [counts.auc for counts in chosen.values()]
    mean_auc = _mean(aucs) if aucs else _undefined(metrics.metrics["mean_auc"])
    return dataclasses.replace(
        metrics, metrics={**metrics.metrics, "mean_auc": mean_auc}, classes=chosen
    )


def _mean(estimates: list[Estimate]) -> Estimate:
    value = float(np.mean([single.value for single in estimates]))
    return estimate(value, np.mean([single.replicates for single in estimates], axis=0))


def _undefined(like: Estimate) -> Estimate:
    return Estimate(np.nan, np.nan, np.nan, np.full_like(like.replicates, np.nan))


def _with_positives(metrics: SliceMetrics) -> set[str]:
    return {name for name, counts in metrics.classes.items() if counts.positives > 0}
