"""Forest plot: a metric by site with intervals and n, the candidate beside the baseline."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import blended_transform_factory

from components.slice_report import number_format, svg
from components.slice_report.estimates import ESTIMATED, TOO_FEW, without_number
from components.slice_report.message_catalogue import Messages
from components.slice_report.vocabulary import METRICS, slice_label

_WIDTH_INCHES = 11.4
_ROW_INCHES = 0.46
_MARKS: dict[str, dict[str, Any]] = {
    "candidate": {"color": svg.CANDIDATE, "marker": "o", "linestyle": "-", "markersize": 6.5},
    "baseline": {
        "color": svg.BASELINE,
        "marker": "s",
        "linestyle": (0, (3, 1.5)),
        "markersize": 5.5,
        "markerfacecolor": "white",
    },
}


@dataclass(frozen=True)
class _Rows:
    """What the rows of a plot are.

    Attributes:
        entries: Slices, from the top.
        roles: Of the models.
        estimates_of: From a slice's entry of a model to its estimates by metric.
        counts: A text each, of how many cases it is.
        counts_heading: Over them.
    """

    entries: list[dict[str, Any]]
    roles: list[str]
    estimates_of: Callable[[dict[str, Any]], Mapping[str, dict[str, Any]]]
    counts: list[str]
    counts_heading: str

    def estimate(self, entry: dict[str, Any], role: str, metric: str) -> dict[str, Any]:
        model = entry["models"].get(role)
        return self.estimates_of(model)[metric] if model else without_number(TOO_FEW)


def forest_plot(data: dict[str, Any], messages: Messages) -> Markup:
    """Draws the main metrics, a panel each; a row for all cases and for each site, by falling n."""
    entries = [entry for entry in data["slices"] if entry["kind"] != "subgroup"]
    counts = [number_format.count(entry["cases"], messages) for entry in entries]
    rows = _Rows(entries, list(data["models"]), lambda model: model["metrics"], counts, "n")
    return _plot(rows, data["main_metrics"], messages, of="")


def class_forest_plot(data: dict[str, Any], class_name: str, messages: Messages) -> Markup:
    """Draws sensitivity and specificity of a class at the operating point, by site."""
    entries = [entry for entry in data["slices"] if entry["kind"] in ("overall", "site")]
    rows = _Rows(
        entries,
        list(data["models"]),
        lambda model: model["classes"][class_name],
        [_positives(entry, class_name, messages) for entry in entries],
        messages.plain("by_class.positive"),
    )
    return _plot(rows, ["sensitivity", "specificity"], messages, of=class_name)


def _positives(entry: dict[str, Any], class_name: str, messages: Messages) -> str:
    model = entry["models"].get("candidate")
    if model is None:
        return number_format.count(0)
    counts = model["classes"][class_name]
    positives = counts["positives"]
    if isinstance(positives, str):
        return number_format.count(positives, messages)
    shown = (positives, number_format.known(counts))
    return " / ".join(number_format.count(amount, messages) for amount in shown)


def _plot(rows: _Rows, metrics: Sequence[str], messages: Messages, of: str) -> Markup:
    with svg.style(f"forest {of}"):
        figure = Figure(figsize=(_WIDTH_INCHES, _ROW_INCHES * len(rows.entries) + 0.95))
        height = figure.get_figheight()
        vertical = {"bottom": 0.42 / height, "top": 1 - 0.5 / height}
        panels = figure.subplots(
            1,
            len(metrics),
            sharey=True,
            squeeze=False,
            gridspec_kw={"left": 0.235, "right": 0.852, "wspace": 0.7, **vertical},
        )[0]
        for panel, metric in zip(panels, metrics, strict=True):
            _draw_panel(panel, metric, rows, messages)
        _draw_names(panels[0], rows, messages)
        return svg.to_svg(figure, _label(rows, metrics[0], messages, of))


def _draw_panel(panel: Axes, metric: str, rows: _Rows, messages: Messages) -> None:
    ends: list[float] = []
    for row, entry in enumerate(rows.entries):
        for role in rows.roles:
            offset = 0.0 if len(rows.roles) == 1 else (-0.17 if role == "candidate" else 0.17)
            estimate = rows.estimate(entry, role, metric)
            ends += _draw_estimate(panel, row + offset, estimate, metric, role, messages)
    overall = rows.estimate(rows.entries[0], "candidate", metric)
    if overall["status"] == ESTIMATED:
        panel.axvline(overall["value"], color=svg.CANDIDATE, linewidth=0.9, alpha=0.45, zorder=1)
    low, high = min(ends, default=0.0), max(ends, default=1.0)
    margin = max(0.04 * (high - low), 0.01)
    panel.set_xlim(max(0.0, low - margin), min(1.005, high + margin))
    panel.set_ylim(len(rows.entries) - 0.5, -0.5)
    panel.set_title(messages.plain(f"metric.{metric}.label"), loc="left", fontweight="bold", pad=14)
    panel.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))
    if METRICS[metric].is_percent:
        panel.xaxis.set_major_formatter(lambda share, _: f"{100 * share:.0f}%")
    panel.grid(axis="x", color=svg.GRID, linewidth=0.8)
    panel.set_axisbelow(True)
    panel.tick_params(axis="both", length=0)
    panel.set_yticks([])
    for side in ("left", "right", "top"):
        panel.spines[side].set_visible(False)


def _draw_estimate(
    panel: Axes,
    height: float,
    estimate: dict[str, Any],
    metric: str,
    role: str,
    messages: Messages,
) -> list[float]:
    """Draws point, interval and their text; returns the numbers that the axis has to hold."""
    mark = _MARKS[role]
    text = number_format.value(estimate, metric, messages)
    interval = number_format.interval(estimate, metric, messages)
    panel.text(
        1.03,
        height,
        f"{text} ({interval})" if interval else text,
        transform=panel.get_yaxis_transform(),
        va="center",
        fontsize=8.2,
        color=mark["color"] if estimate["status"] == ESTIMATED else svg.MUTED,
    )
    if estimate["status"] != ESTIMATED:
        return []
    ends = [estimate["value"]]
    if interval:
        ends += [estimate["lower"], estimate["upper"]]
        line = {"color": mark["color"], "linestyle": mark["linestyle"], "linewidth": 1.7}
        panel.plot([estimate["lower"], estimate["upper"]], [height, height], **line, zorder=2)
    point = {key: value for key, value in mark.items() if key != "linestyle"}
    # Whole at 0% and 100% too, where the axis ends.
    panel.plot([estimate["value"]], [height], linestyle="none", **point, zorder=3, clip_on=False)
    return ends


def _draw_names(panel: Axes, rows: _Rows, messages: Messages) -> None:
    transform = panel.get_yaxis_transform()
    whole_width = blended_transform_factory(panel.figure.transFigure, panel.transData)
    heading: dict[str, Any] = {"ha": "right", "va": "bottom", "color": svg.MUTED}
    panel.text(-0.06, -0.62, rows.counts_heading, transform=transform, **heading)
    for row, entry in enumerate(rows.entries):
        is_site = entry["kind"] == "site"
        name = slice_label(entry, messages)
        panel.annotate(
            svg.shortened(name, 24),
            (0.012, row + (-0.13 if entry["held_out"] else 0.0)),
            xycoords=("figure fraction", "data"),
            va="center",
            fontweight="normal" if is_site else "bold",
            annotation_clip=False,
        )
        if entry["held_out"]:
            band = Rectangle((0, row - 0.5), 1, 1, transform=whole_width, color=svg.HELD_OUT)
            panel.add_patch(band).set(clip_on=False, linewidth=0, zorder=-1)
            panel.annotate(
                messages.plain("page.held_out"),
                (0.012, row + 0.24),
                xycoords=("figure fraction", "data"),
                va="center",
                fontsize=7.4,
                color="#7a5a00",
                annotation_clip=False,
            )
        panel.text(
            -0.06,
            row,
            rows.counts[row],
            transform=transform,
            ha="right",
            va="center",
        )


def _label(rows: _Rows, metric: str, messages: Messages, of: str) -> str:
    described = [
        messages.plain(
            "plot.forest_row",
            name=slice_label(entry, messages),
            value=number_format.value(rows.estimate(entry, "candidate", metric), metric, messages),
            n=count,
        )
        for entry, count in zip(rows.entries, rows.counts, strict=True)
        if "candidate" in entry["models"]
    ]
    name = messages.plain(f"metric.{metric}.label")
    title = (
        messages.plain("plot.class_forest", metric=name, **{"class": of})
        if of
        else messages.plain("plot.forest", metric=name)
    )
    return f"{title} {'; '.join(described)}."
