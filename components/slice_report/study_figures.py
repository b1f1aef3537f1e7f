"""The figures of a study: of which rows, how they are drawn, what they say."""

from collections.abc import Callable, Mapping
from typing import Any

from markupsafe import Markup
from matplotlib.figure import Figure

from components.slice_report import svg
from components.slice_report.message_catalogue import Messages
from components.slice_report.study_class_plots import class_figure
from components.slice_report.study_plots import efficiency_figure, shift_figure
from components.slice_report.vocabulary import metric_names

FIGURES: Mapping[str, tuple[str, Callable[[dict[str, Any], Messages], Figure]]] = {
    "label_efficiency": ("results", efficiency_figure),
    "shift": ("shift", shift_figure),
    "classes": ("classes", class_figure),
}
"""By name: the rows that are drawn, and how."""


def figure_label(name: str, results: dict[str, Any], messages: Messages) -> str:
    """Returns what a figure says, for a screen reader."""
    metric = metric_names(messages)[results["metric"]].label
    return messages.plain(f"study.figure_{name}", metric=metric, baseline=results["baseline"])


def study_figures(study: dict[str, Any] | None, messages: Messages) -> dict[str, Markup]:
    """Returns the figures for a report's page by name, those that have rows; none of no study."""
    drawings: dict[str, Markup] = {}
    if study is None:
        return drawings
    for name, (rows, draw) in FIGURES.items():
        if study[rows]:
            with svg.style(f"study {name}"):
                figure = draw(study, messages)
                drawings[name] = svg.to_svg(figure, figure_label(name, study, messages))
    return drawings
