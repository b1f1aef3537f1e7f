"""What a metric loses from one slice to another: one function for the gate and for the report.

A site may lack a class, or label only some of the findings; both sides of the difference must then
average over the same classes.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from components.site_evaluator.intervals import mean_estimate, paired_difference
from components.site_evaluator.results import Estimate, SliceMetrics
from components.site_evaluator.sufficiency import (
    MEANS,
    SampleLimits,
    averaged_classes,
    find_estimate,
    is_present,
)


@dataclasses.dataclass(frozen=True)
class ShiftLoss:
    """A metric in distribution and at a site, made comparable.

    Attributes:
        classes: Those that have enough cases of both kinds on both sides.
        inside: Metrics in distribution; for a mean over classes, of those that both sides have.
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


def shift_loss(
    inside: SliceMetrics, outside: SliceMetrics, metric: str, limits: SampleLimits
) -> ShiftLoss | None:
    """Returns what a metric loses; None where one of the two does not have it.

    A mean of AUCs or average precisions is taken over the shared classes. Balanced accuracy, the
    mean sensitivity over the classes with enough cases, is stored only as a whole: its loss is NaN
    where the sides differ in these classes.

    Args:
        inside: Metrics of the sites seen in training.
        outside: Metrics of a held-out site.
        metric: `mean_auc`, or of one class `sensitivity:edema`.
        limits: What is enough; the same as of the evaluation.
    """
    shared = [name for name in inside.classes if _is_present(name, inside, outside)]
    # Enough for an AUC, whatever the metric: these are the classes that both sides speak of.
    inside_enough, outside_enough = (
        [name for name in averaged_classes("mean_auc", side, limits) if name in shared]
        for side in (inside, outside)
    )
    classes = tuple(name for name in inside_enough if name in outside_enough)
    if metric in MEANS:
        # With no class to compare, each side still says what it can.
        inside = _of_classes(inside, metric, shared, classes or inside_enough)
        outside = _of_classes(outside, metric, shared, classes or outside_enough)
    first, second = find_estimate(inside, metric), find_estimate(outside, metric)
    if first is None or second is None:
        return None
    loss = paired_difference(first, second)
    if metric in MEANS and not classes:
        loss = _undefined(loss)
    if metric == "balanced_accuracy":
        averaged = [averaged_classes(metric, side, limits) for side in (inside, outside)]
        loss = loss if averaged[0] == averaged[1] else _undefined(loss)
    return ShiftLoss(classes, inside, outside, first, second, loss)


def _is_present(name: str, inside: SliceMetrics, outside: SliceMetrics) -> bool:
    """Whether a class has positives and negatives on both sides."""
    sides = inside.classes.get(name), outside.classes.get(name)
    return all(counts is not None and is_present(counts) for counts in sides)


def _of_classes(
    metrics: SliceMetrics, metric: str, classes: Sequence[str], averaged: Sequence[str]
) -> SliceMetrics:
    """Returns a slice that has only the given classes, and a mean metric of some of them."""
    chosen = {name: metrics.classes[name] for name in classes}
    of_classes = [getattr(chosen[name], MEANS[metric]) for name in averaged]
    mean = mean_estimate(of_classes) if of_classes else _undefined(metrics.metrics[metric])
    return dataclasses.replace(metrics, metrics={**metrics.metrics, metric: mean}, classes=chosen)


def _undefined(like: Estimate) -> Estimate:
    return Estimate(np.nan, np.nan, np.nan, np.full_like(like.replicates, np.nan))
