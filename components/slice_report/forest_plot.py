"""Forest plot: a metric by site with intervals and n, the candidate beside the baseline."""

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


def forest_plot(data: dict[str, Any], messages: Messages) -> Markup:
    """Draws the main metrics, a panel each; a row for all cases and for each site, by falling n."""
    entries = [entry for entry in data["slices"] if entry["kind"] != "subgroup"]
    roles = list(data["models"])
    with svg.style("forest"):
        figure = Figure(figsize=(_WIDTH_INCHES, _ROW_INCHES * len(entries) + 0.95))
        height = figure.get_figheight()
        vertical = {"bottom": 0.42 / height, "top": 1 - 0.5 / height}
        panels = figure.subplots(
            1,
            len(data["main_metrics"]),
            sharey=True,
            squeeze=False,
            gridspec_kw={"left": 0.235, "right": 0.852, "wspace": 0.7, **vertical},
        )[0]
        for panel, metric in zip(panels, data["main_metrics"], strict=True):
            _draw_panel(panel, metric, entries, roles, messages)
        _draw_names(panels[0], entries, messages)
        return svg.to_svg(figure, _label(data, entries, messages))


def _draw_panel(
    panel: Axes,
    metric: str,
    entries: list[dict[str, Any]],
    roles: list[str],
    messages: Messages,
) -> None:
    ends: list[float] = []
    for row, entry in enumerate(entries):
        for role in roles:
            offset = 0.0 if len(roles) == 1 else (-0.17 if role == "candidate" else 0.17)
            ends += _draw_estimate(panel, row + offset, entry, metric, role, messages)
    overall = entries[0]["models"]["candidate"]["metrics"][metric]
    if overall["status"] == ESTIMATED:
        panel.axvline(overall["value"], color=svg.CANDIDATE, linewidth=0.9, alpha=0.45, zorder=1)
    low, high = min(ends, default=0.0), max(ends, default=1.0)
    margin = max(0.04 * (high - low), 0.01)
    panel.set_xlim(max(0.0, low - margin), min(1.005, high + margin))
    panel.set_ylim(len(entries) - 0.5, -0.5)
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
    panel: Axes, height: float, entry: dict[str, Any], metric: str, role: str, messages: Messages
) -> list[float]:
    """Draws point, interval and their text; returns the numbers that the axis has to hold."""
    mark = _MARKS[role]
    model = entry["models"].get(role)
    estimate = model["metrics"][metric] if model else without_number(TOO_FEW)
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
    panel.plot([estimate["value"]], [height], linestyle="none", **point, zorder=3)
    return ends


def _draw_names(panel: Axes, entries: list[dict[str, Any]], messages: Messages) -> None:
    transform = panel.get_yaxis_transform()
    whole_width = blended_transform_factory(panel.figure.transFigure, panel.transData)
    panel.text(-0.06, -0.62, "n", transform=transform, ha="right", va="bottom", color=svg.MUTED)
    for row, entry in enumerate(entries):
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
            number_format.count(entry["cases"]),
            transform=transform,
            ha="right",
            va="center",
        )


def _label(data: dict[str, Any], entries: list[dict[str, Any]], messages: Messages) -> str:
    metric = data["main_metrics"][0]
    rows = [
        messages.plain(
            "plot.forest_row",
            name=slice_label(entry, messages),
            value=number_format.value(model["metrics"][metric], metric, messages),
            n=entry["cases"],
        )
        for entry in entries
        if (model := entry["models"].get("candidate")) is not None
    ]
    title = messages.plain("plot.forest", metric=messages.plain(f"metric.{metric}.label"))
    return f"{title} {'; '.join(rows)}."
