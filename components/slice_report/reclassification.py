"""Cases that the candidate newly finds, misses, marks falsely or clears, against the champion."""

from typing import Any

from components.site_evaluator.intervals import paired_difference
from components.site_evaluator.metric_values import RECLASSIFIED_COUNTS
from components.site_evaluator.results import PREDICTED_CLASS, Reclassified, SliceMetrics
from components.site_evaluator.sufficiency import why_too_few, why_too_few_of_class
from components.slice_report import estimates
from components.slice_report.settings import ReportSettings

_NET = {"net_found": "sensitivity", "net_cleared": "specificity"}


def reclassified_classes(champion: SliceMetrics, settings: ReportSettings) -> list[dict[str, Any]]:
    """Returns a row per way of naming a class and class of a slice.

    Args:
        champion: The champion's metrics, which hold what the candidate changes.
        settings: Limits of the report; counts are always there, a net share only over enough cases.
    """
    return [
        {
            "criterion": criterion,
            "class": name,
            "positives": champion.classes[name].positives,
            "negatives": champion.classes[name].negatives,
            **_changes(name, changes, champion, settings),
        }
        for criterion, by_class in champion.reclassified.items()
        for name, changes in by_class.items()
    ]


def _changes(
    class_name: str, changes: Reclassified, champion: SliceMetrics, settings: ReportSettings
) -> dict[str, Any]:
    counts = champion.classes[class_name]
    limits = settings.sample_limits
    return {
        **{name: getattr(changes, name) for name in RECLASSIFIED_COUNTS},
        **{
            net: estimates.shown(
                getattr(changes, net),
                why_too_few_of_class(rate, class_name, counts, limits) is None,
            )
            for net, rate in _NET.items()
        },
    }


def renamed_cases(
    candidate: SliceMetrics, champion: SliceMetrics, settings: ReportSettings
) -> dict[str, Any] | None:
    """Returns how many cases are newly named rightly and wrongly, over all classes.

    Returns:
        None where the models name no single class.
    """
    by_class = champion.reclassified.get(PREDICTED_CLASS)
    if by_class is None:
        return None
    net = paired_difference(candidate.metrics["accuracy"], champion.metrics["accuracy"])
    return {
        "newly_right": sum(changes.newly_found for changes in by_class.values()),
        "newly_wrong": sum(changes.newly_missed for changes in by_class.values()),
        "net": estimates.shown(
            net, why_too_few("accuracy", champion, settings.sample_limits) is None
        ),
    }
