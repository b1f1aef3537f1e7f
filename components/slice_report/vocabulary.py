"""Names of metrics and slices as a person reads them."""

from dataclasses import dataclass

from components.case_predictor import predictions
from components.site_evaluator.results import OVERALL, Slice
from schemas.case_features import Task


@dataclass(frozen=True)
class MetricName:
    """How one metric is shown.

    Attributes:
        label: Heading of its column.
        is_percent: Shown as a percentage, otherwise with three decimals.
        meaning: One line for the glossary.
    """

    label: str
    is_percent: bool
    meaning: str


METRICS = {
    "balanced_accuracy": MetricName(
        "Balanced accuracy",
        True,
        "The share of cases named correctly, worked out for each class on its own and then "
        "averaged, so that a rare class counts as much as a frequent one.",
    ),
    "accuracy": MetricName(
        "Accuracy", True, "The share of all cases whose most probable class is the right one."
    ),
    "top_3_accuracy": MetricName(
        "Top-3 accuracy",
        True,
        "The share of all cases whose right class is among the three most probable.",
    ),
    "mean_auc": MetricName(
        "Mean AUC", False, "The AUC averaged over the classes that have both kinds of cases."
    ),
    "auc": MetricName(
        "AUC",
        False,
        "Area under the ROC curve: the chance that a case with the condition gets a higher score "
        "than one without. 0.5 is a coin toss, 1 is perfect. It does not depend on a threshold.",
    ),
    "sensitivity": MetricName(
        "Sensitivity", True, "Of the cases with the condition, the share that the model marks."
    ),
    "specificity": MetricName(
        "Specificity",
        True,
        "Of the cases without the condition, the share that the model leaves unmarked.",
    ),
    "ppv": MetricName(
        "PPV",
        True,
        "Positive predictive value: of the cases the model marks, the share that have the "
        "condition. It falls where the condition is rarer.",
    ),
    "npv": MetricName(
        "NPV",
        True,
        "Negative predictive value: of the cases the model leaves unmarked, the share that do not "
        "have the condition.",
    ),
    "mean_average_precision": MetricName(
        "Mean average precision",
        False,
        "The average precision averaged over the classes that have both kinds of cases.",
    ),
    "average_precision": MetricName(
        "Average precision",
        False,
        "Area under the precision-recall curve: the positive predictive value averaged over "
        "thresholds. A coin toss reaches the share of positive cases, 1 is perfect.",
    ),
    "log_loss": MetricName(
        "Log loss",
        False,
        "How surprised one would be by the right answer if one believed the stated probability; "
        "0 is best, and a sure and wrong answer costs most.",
    ),
    "ece": MetricName(
        "Calibration error",
        False,
        "Expected calibration error (ECE): how far, on average, the stated probability is from "
        "the share of cases that turn out positive. 0 is best.",
    ),
    "brier": MetricName(
        "Brier score",
        False,
        "The mean squared difference of the stated probability and what was the case (1 or 0). "
        "0 is best; it rewards both telling cases apart and stating right probabilities.",
    ),
    "calibration_in_the_large": MetricName(
        "Calibration in the large",
        True,
        "The share of cases with the condition minus the mean stated probability, in percentage "
        "points: above 0 the model states too little risk, below 0 too much.",
    ),
}

MAIN_METRICS: dict[Task, tuple[str, ...]] = {
    "multi_class": ("balanced_accuracy", "mean_auc"),
    "multi_label": ("mean_auc",),
}
"""The first one names the worst site and leads the first screen."""

_FEATURES = {
    predictions.SITE: "site {}",
    predictions.SEX: "sex {}",
    predictions.AGE_GROUP: "age {}",
    predictions.VIEW: "view {}",
}
_VALUES = {
    (predictions.DISTRIBUTION, predictions.IN_DISTRIBUTION): "in distribution",
    (predictions.DISTRIBUTION, "shifted"): "held-out sites",
    (predictions.IMAGE_COUNT, "single_image"): "cases with one image",
    (predictions.IMAGE_COUNT, "several_images"): "cases with several images",
}


def slice_name(key: Slice) -> str:
    """Returns `all cases`, `site north`, `sex female, age 40-59`: what a gate's rule says too."""
    if key == OVERALL:
        return "all cases"
    return ", ".join(_part_name(feature, value) for feature, value in key)


def in_text(metric: str) -> str:
    """Returns a metric's label within a sentence: `balanced accuracy`, `AUC`."""
    label = METRICS[metric].label
    return label if label.isupper() else label[0].lower() + label[1:]


def rule_name(rule: str) -> str:
    """Returns a gate's rule for a person: `minimum sensitivity of edema`.

    Args:
        rule: What is asked and, after a space, the metric, perhaps with its class.
    """
    asked, _, measure = rule.partition(" ")
    metric, _, class_name = measure.partition(":")
    if metric not in METRICS:
        return rule.replace("_", " ")
    of_class = f" of {class_name}" if class_name else ""
    return f"{asked.replace('_', ' ')} {in_text(metric)}{of_class}"


def _part_name(feature: str, value: str) -> str:
    known = _VALUES.get((feature, value))
    return known or _FEATURES.get(feature, feature.replace("_", " ") + " {}").format(value)
