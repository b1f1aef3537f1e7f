"""Names of metrics and slices as a person reads them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components.case_predictor import predictions
from components.site_evaluator.results import OVERALL, Slice
from components.slice_report.message_catalogue import ENGLISH, Messages
from components.slice_report.study_excerpt import HELD_OUT_PLACE
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


_IS_PERCENT = {
    "balanced_accuracy": True,
    "accuracy": True,
    "top_3_accuracy": True,
    "mean_auc": False,
    "auc": False,
    "sensitivity": True,
    "specificity": True,
    "ppv": True,
    "npv": True,
    "mean_average_precision": False,
    "average_precision": False,
    "log_loss": False,
    "ece": False,
    "brier": False,
    "calibration_in_the_large": True,
    "calibration_slope": False,
    "calibration_intercept": False,
}


def metric_names(messages: Messages) -> dict[str, MetricName]:
    """Returns how each metric is shown in a language, in the order of the glossary."""
    return {
        name: MetricName(
            messages.plain(f"metric.{name}.label"),
            is_percent,
            messages.plain(f"metric.{name}.meaning"),
        )
        for name, is_percent in _IS_PERCENT.items()
    }


METRICS = metric_names(ENGLISH)

MAIN_METRICS: dict[Task, tuple[str, ...]] = {
    "multi_class": ("balanced_accuracy", "mean_auc"),
    "multi_label": ("mean_auc",),
}
"""The first one leads the first screen, and names the worst site where it can be compared."""

_AT_OPERATING_POINT = ("sensitivity", "specificity", "ppv", "npv")

_VALUES = {
    (predictions.DISTRIBUTION, predictions.IN_DISTRIBUTION): "slice.in_distribution",
    (predictions.DISTRIBUTION, "shifted"): "slice.shifted",
    (predictions.IMAGE_COUNT, "single_image"): "slice.single_image",
    (predictions.IMAGE_COUNT, "several_images"): "slice.several_images",
}
_FEATURES = (predictions.SITE, predictions.SEX, predictions.AGE_GROUP, predictions.VIEW)


def slice_name(key: Slice, messages: Messages = ENGLISH) -> str:
    """Returns `all cases`, `site north`, `sex female, age 40-59`.

    In English it is the name by which `report.json` and a gate's rule know the slice.
    """
    if key == OVERALL:
        return messages.plain("slice.overall")
    parts = (_part_name(feature, value, messages) for feature, value in key)
    return messages.plain("page.separator").join(parts)


def slice_label(entry: dict[str, Any], messages: Messages) -> str:
    """Returns a slice's name as a heading: a site by its bare name, others capitalised."""
    if entry["kind"] == "site":
        return entry["features"][predictions.SITE]
    name = slice_name(tuple(sorted(entry["features"].items())), messages)
    return name[:1].upper() + name[1:]


def place_name(place: str, messages: Messages) -> str:
    """Returns a place of a study's shift: a site by its name, all held-out sites in words."""
    return messages.plain("study.held_out") if place == HELD_OUT_PLACE else place


def in_text(metric: str, messages: Messages = ENGLISH) -> str:
    """Returns a metric's label within a sentence: `balanced accuracy`, `AUC`."""
    label = messages.plain(f"metric.{metric}.label")
    return label if label.isupper() else label[0].lower() + label[1:]


def rule_name(rule: str, messages: Messages = ENGLISH) -> str:
    """Returns a gate's rule for a person: `minimum sensitivity of edema`.

    Args:
        rule: What is asked and, after a space, the metric, perhaps with its class.
        messages: Of the language.
    """
    asked, _, measure = rule.partition(" ")
    metric, _, class_name = measure.partition(":")
    words = messages.texts.get(f"rule.{asked}", asked.replace("_", " "))
    if f"rule.count_{metric}" in messages.texts:
        return f"{words} {messages.plain(f'rule.count_{metric}', **{'class': class_name})}"
    if metric not in METRICS:
        return f"{words} {measure.replace('_', ' ')}".rstrip()
    of_class = messages.plain("rule.of_class", **{"class": class_name}) if class_name else ""
    return f"{words} {in_text(metric, messages)}{of_class}"


def rule_sense(rule: str) -> str:
    """Returns how a gate's rule asks the number to lie to its bound: `at_least`, say."""
    if rule.startswith("max_"):
        return "at_most"
    return "above" if rule.startswith(("better_than_", "not_worse_than_")) else "at_least"


def is_at_operating_point(rule: str) -> bool:
    """Whether a gate's rule asks for a rate at the frozen operating point."""
    measure = rule.partition(" ")[2]
    return measure.partition(":")[0] in _AT_OPERATING_POINT


def is_held(rule: Mapping[str, Any]) -> bool:
    """Whether a gate's rule was judged and holds.

    Args:
        rule: As in `report.json`.
    """
    return bool(rule["passed"] and (rule["measured"] is not None or rule["withheld"]))


def judged_end(rule: Mapping[str, Any]) -> str | None:
    """Returns which number of an estimate a gate's rule holds against its bound.

    Args:
        rule: As in `report.json`.

    Returns:
        `value`, `lower` or `upper`; None of a rule without an interval, or of an older version.
    """
    if rule["lower"] is None or not rule["sentence"]:
        return None
    requirement = rule["sentence"]["values"]["requirement"]["key"]
    if requirement in ("gate.asked.superior", "gate.asked.non_inferior"):
        return "lower"
    end = requirement.rpartition("_")[2]
    return end if end in ("lower", "upper") else "value"


def _part_name(feature: str, value: str, messages: Messages) -> str:
    known = _VALUES.get((feature, value))
    if known:
        return messages.plain(known)
    if feature in _FEATURES:
        shown = messages.texts.get(f"slice.{value}", value) if feature == predictions.SEX else value
        return messages.plain(f"slice.{feature}", value=shown)
    return messages.plain("slice.other", feature=feature.replace("_", " "), value=value)
