"""What an evaluation says: metrics by slice, each with its interval over patients."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from components.case_predictor.predictions import SITE, PredictionCard

Slice = tuple[tuple[str, str], ...]
"""Pairs of feature and value, sorted by feature: `(("site", "north"),)`; `()` is all cases."""

OVERALL: Slice = ()


def site_slice(site: str) -> Slice:
    """Returns the slice of one site."""
    return ((SITE, site),)


OPERATING_POINT = "operating_point"
"""A model names a class where its score reaches the model's own frozen threshold."""
PREDICTED_CLASS = "predicted_class"
"""A model names the most probable class; of multi-class models only."""


@dataclass(frozen=True)
class Estimate:
    """A metric with its 95% interval.

    Attributes:
        value: The metric; NaN where it is undefined (no positive, say).
        lower: Lower end of the interval: the 2.5% quantile of the replicates, further out where
            these are too sure (`intervals.py`), lower for what chance enlarges
            (`calibration_error.py`).
        upper: Upper end, likewise.
        replicates: float64 [replicates], the metric on each resample of patients. Replicate `r`
            draws the same patients for every model and slice, so differences are paired.
        trials: Of a share, how many independent patients, or pairs of patients, it is at least a
            share of; 0 of what is no share.
    """

    value: float
    lower: float
    upper: float
    replicates: npt.NDArray[np.float64]
    trials: int = 0


@dataclass(frozen=True)
class ClassMetrics:
    """One class against the rest, or one finding.

    Attributes:
        positives: Cases with the class or finding present.
        negatives: Cases with it absent; unknown ones count nowhere.
        positive_patients: Patients with a positive case; of more than `EXACT_PATIENTS_OF_CLASS` to
            about 3%.
        negative_patients: Patients with a negative case, likewise.
        marked_patients: Patients with a case at or above the operating point whose label is known.
        unmarked_patients: Patients with such a case below it.
        auc: Area under the ROC curve.
        sensitivity: At the frozen operating point.
        specificity: At the frozen operating point.
        ppv: Positive predictive value at the frozen operating point.
        npv: Negative predictive value at the frozen operating point.
        average_precision: Mean precision over the recall steps of the precision-recall curve.
        ece: Expected calibration error of the class' own probability.
        brier: Mean squared difference of the probability and what was the case (1 or 0).
        calibration_in_the_large: Share of positives minus mean probability; 0 is best.
        calibration_slope: Of the fit logit P(class) = intercept + slope * logit(probability); 1 is
            best, below it probabilities are too close to 0 and 1. NaN where nothing bounds it.
        calibration_intercept: Of that fit; 0 is best where the slope is 1.
        false_positive_rate: float64 [points] of the ROC curve, rising from 0 to 1.
        true_positive_rate: float64 [points] of the ROC curve.
        roc_threshold: float64 [points], falling from infinity: at and above which a case counts
            as positive at that point.
        calibration_score: float64 [bins], mean predicted probability; NaN in an empty bin.
        calibration_rate: float64 [bins], share of positives; NaN in an empty bin.
        calibration_count: float64 [bins], cases.
    """

    positives: int
    negatives: int
    positive_patients: int
    negative_patients: int
    marked_patients: int
    unmarked_patients: int
    auc: Estimate
    sensitivity: Estimate
    specificity: Estimate
    ppv: Estimate
    npv: Estimate
    average_precision: Estimate
    ece: Estimate
    brier: Estimate
    calibration_in_the_large: Estimate
    calibration_slope: Estimate
    calibration_intercept: Estimate
    false_positive_rate: npt.NDArray[np.float64]
    true_positive_rate: npt.NDArray[np.float64]
    roc_threshold: npt.NDArray[np.float64]
    calibration_score: npt.NDArray[np.float64]
    calibration_rate: npt.NDArray[np.float64]
    calibration_count: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Reclassified:
    """Cases of one class on which the two models differ, by one way of naming it.

    Attributes:
        newly_found: With the class; named by the candidate alone.
        newly_missed: With the class; named by the other model alone.
        newly_false_alarm: Without the class; named by the candidate alone.
        newly_cleared: Without the class; named by the other model alone.
        net_found: Newly found minus newly missed, as a share of the cases with the class: what
            sensitivity gains.
        net_cleared: Newly cleared minus newly false alarms, as a share of the cases without it:
            what specificity gains.
    """

    newly_found: int
    newly_missed: int
    newly_false_alarm: int
    newly_cleared: int
    net_found: Estimate
    net_cleared: Estimate


@dataclass(frozen=True)
class SliceMetrics:
    """Metrics of one slice.

    Attributes:
        cases: Cases with at least one known label.
        patients: Whose cases these are; of more than `EXACT_PATIENTS` to about 0.4%.
        metrics: `mean_auc` and `mean_average_precision` (over the classes that have enough
            positives and negatives), `log_loss` (nats), `ece`; multi-class also `accuracy` (top-1),
            `balanced_accuracy` (mean share of cases named correctly, over the classes with enough
            positives) and, with more than three classes, `top_3_accuracy`.
        classes: By class name.
        confusion: Multi-class: float64 [classes, classes], true class by predicted class.
        reclassified: Where a candidate was scored on the same cases: by way of naming a class
            (`OPERATING_POINT`, `PREDICTED_CLASS`) and class, what it changes; else empty.
    """

    cases: int
    patients: int
    metrics: Mapping[str, Estimate]
    classes: Mapping[str, ClassMetrics]
    confusion: npt.NDArray[np.float64] | None
    reclassified: Mapping[str, Mapping[str, Reclassified]] = field(default_factory=dict)


@dataclass(frozen=True)
class Evaluation:
    """All slices of one model's predictions on the test and shifted splits, or on validation."""

    card: PredictionCard
    slices: Mapping[Slice, SliceMetrics]
