"""When a slice holds enough cases for a number: one rule for the gate and for the report."""

from collections.abc import Mapping
from dataclasses import dataclass

from components.site_evaluator.results import ClassMetrics, Estimate, SliceMetrics
from components.statement import Statement

CLASS_METRICS = (
    "auc",
    "sensitivity",
    "specificity",
    "ppv",
    "npv",
    "average_precision",
    "ece",
    "brier",
    "calibration_in_the_large",
    "calibration_slope",
    "calibration_intercept",
)
"""Estimates that every class of a slice has."""

_OF_PROBABILITIES = ("ece", "brier", "calibration_in_the_large")

MEANS = {"mean_auc": "auc", "mean_average_precision": "average_precision"}
"""Means over classes, and of what."""

_MEANS_OF_FINDINGS = ("ece", "log_loss")
"""Means over findings; multi-class they are of the predicted and of the true class."""


@dataclass(frozen=True)
class SampleLimits:
    """The fewest cases from which a metric is estimated.

    Attributes:
        min_cases: Cases of a slice; of a class those whose label is known.
        min_positives: Patients with a case with the class (for PPV also: that is marked), for a
            rate over those cases: cases of one patient are not independent. Also of the slice, for
            any metric.
        min_negatives: Patients with a case without it (for NPV also: unmarked), likewise.
    """

    min_cases: int = 20
    min_positives: int = 10
    min_negatives: int = 10

    def __post_init__(self) -> None:
        for name in ("min_cases", "min_positives", "min_negatives"):
            value = getattr(self, name)
            if value < 1:
                raise ValueError(f"{name} must be at least 1. Received: {value}")

    def enough_known(self, counts: ClassMetrics) -> bool:
        """Whether a finding has the cases for what measures its probabilities, and a mean of it."""
        known = counts.positives + counts.negatives
        patients = max(counts.positive_patients, counts.negative_patients)
        return known >= self.min_cases and patients >= self.min_positives

    def enough_positives(self, counts: ClassMetrics) -> bool:
        """Whether a class has the cases for its sensitivity, and so for a mean of them."""
        known = counts.positives + counts.negatives
        return known >= self.min_cases and counts.positive_patients >= self.min_positives

    def enough_of_both(self, counts: ClassMetrics) -> bool:
        """Whether a class has the cases for its AUC, and so for a mean of them."""
        return self.enough_positives(counts) and counts.negative_patients >= self.min_negatives


def averaged_classes(metric: str, metrics: SliceMetrics, limits: SampleLimits) -> tuple[str, ...]:
    """Returns the classes that a mean over classes rests on in a slice; none for other metrics.

    A mean of AUCs or average precisions is over the classes with enough positives and negatives,
    balanced accuracy, a mean of sensitivities, over those with enough positives, the calibration
    error and log loss of findings over those whose label is known often enough.

    Args:
        metric: `mean_auc`, or of one class `sensitivity:edema`.
        metrics: Of the slice.
        limits: What is enough.
    """
    if metric in MEANS:
        is_enough = limits.enough_of_both
    elif metric == "balanced_accuracy":
        is_enough = limits.enough_positives
    elif is_mean_of_findings(metric, metrics):
        is_enough = limits.enough_known
    else:
        return ()
    return tuple(name for name, counts in metrics.classes.items() if is_enough(counts))


def is_mean_of_findings(metric: str, metrics: SliceMetrics) -> bool:
    """Whether a metric is a mean over findings of what measures their probabilities."""
    return metric in _MEANS_OF_FINDINGS and metrics.confusion is None


def find_estimate(metrics: SliceMetrics, metric: str) -> Estimate | None:
    """Returns a metric of a slice; None where the evaluation does not have it.

    Args:
        metrics: Of the slice.
        metric: `mean_auc`, or of one class `sensitivity:edema`.
    """
    name, _, class_name = metric.partition(":")
    if not class_name:
        return metrics.metrics.get(name)
    of_class = metrics.classes.get(class_name)
    return None if of_class is None else getattr(of_class, name)


def why_too_few(metric: str, metrics: SliceMetrics, limits: SampleLimits) -> Statement | None:
    """Returns what a slice lacks for a metric, `3 patients with edema, at least 10 needed`.

    None if it lacks nothing.

    A mean is over the classes whose own value may be shown, so it needs at least one.

    Args:
        metric: `mean_auc`, or of one class `sensitivity:edema`; one that the slice has.
        metrics: Of the slice.
        limits: What is enough.
    """
    name, _, class_name = metric.partition(":")
    if class_name:
        return why_too_few_of_class(name, class_name, metrics.classes[class_name], limits)
    if metrics.cases < limits.min_cases:
        return _lack("cases", "", metrics.cases, limits.min_cases)
    if metrics.patients < limits.min_positives:
        return _lack("patients", "", metrics.patients, limits.min_positives)
    if name in MEANS:
        present = {name: counts for name, counts in metrics.classes.items() if is_present(counts)}
        return _why_each_lacks(MEANS[name], present, limits)
    if is_mean_of_findings(name, metrics):
        return _why_each_lacks("ece", metrics.classes, limits)
    return None


def _why_each_lacks(
    name: str, classes: Mapping[str, ClassMetrics], limits: SampleLimits
) -> Statement | None:
    """Returns what every class lacks for a metric; None if one lacks nothing, or there is none."""
    lacks = [why_too_few_of_class(name, *item, limits) for item in classes.items()]
    each = tuple(lack for lack in lacks if lack is not None)
    if not lacks or len(each) < len(lacks):
        return None
    return Statement("gate.lack.each_class", {"lacks": each})


def why_too_few_of_class(
    name: str, class_name: str, counts: ClassMetrics, limits: SampleLimits
) -> Statement | None:
    """Returns what a slice lacks for a metric of a class, or None.

    A rate over the cases with (without) the class needs enough patients who have such; PPV (NPV) as
    many with a case that the model marks (leaves unmarked) besides both; AUC and average precision
    need both; what measures the probabilities needs as many patients of either kind.

    Args:
        name: One of `CLASS_METRICS`.
        class_name: For the sentence.
        counts: The class in the slice.
        limits: What is enough.
    """
    known = counts.positives + counts.negatives
    needs = [("known", known, limits.min_cases)]
    if name not in ("specificity", *_OF_PROBABILITIES):
        needs.append(("positives", counts.positive_patients, limits.min_positives))
    if name in _OF_PROBABILITIES:
        # At least so many patients: one of the one kind may be one of the other.
        patients = max(counts.positive_patients, counts.negative_patients)
        needs.append(("known_patients", patients, limits.min_positives))
    if name not in ("sensitivity", *_OF_PROBABILITIES):
        needs.append(("negatives", counts.negative_patients, limits.min_negatives))
    if name == "ppv":
        needs.append(("marked", counts.marked_patients, limits.min_positives))
    if name == "npv":
        needs.append(("unmarked", counts.unmarked_patients, limits.min_negatives))
    lacks = (_lack(what, class_name, *need) for what, *need in needs if need[0] < need[1])
    return next(lacks, None)


def is_present(counts: ClassMetrics) -> bool:
    """Whether a class has both kinds of cases, so that its AUC is defined."""
    return counts.positives > 0 and counts.negatives > 0


def _lack(what: str, class_name: str, found: int, needed: int) -> Statement:
    return Statement(f"gate.lack.{what}", {"found": found, "needed": needed, "class": class_name})
