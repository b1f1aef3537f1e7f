"""Small multiples by site: ROC curves with the operating point, and reliability curves."""

from collections.abc import Callable
from typing import Any

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from components.slice_report import number_format, svg
from components.slice_report.estimates import ESTIMATED
from components.slice_report.message_catalogue import Messages
from components.slice_report.vocabulary import slice_label

_AXES = {
    "roc": ("false_positive_rate", "true_positive_rate"),
    "reliability": ("stated", "observed"),
}
_COLUMNS = 5
_PANEL_INCHES = 2.28
_LINES: dict[str, dict[str, Any]] = {
    "candidate": {"color": svg.CANDIDATE, "linestyle": "-", "linewidth": 1.8},
    "baseline": {"color": svg.BASELINE, "linestyle": (0, (3, 1.5)), "linewidth": 1.5},
}
_MARKERS: dict[str, dict[str, Any]] = {
    "candidate": {"marker": "o", "markersize": 6.5, "markerfacecolor": svg.CANDIDATE},
    "baseline": {"marker": "s", "markersize": 5.5, "markerfacecolor": "white"},
}


def roc_plot(data: dict[str, Any], class_name: str, messages: Messages) -> Markup:
    """Draws a ROC panel for all cases and for each site, the frozen operating point marked."""
    return _small_multiples(data, class_name, "roc", _draw_roc, messages)


def reliability_plot(data: dict[str, Any], class_name: str, messages: Messages) -> Markup:
    """Draws stated against observed frequency for all cases and each site."""
    return _small_multiples(data, class_name, "reliability", _draw_reliability, messages)


def _small_multiples(
    data: dict[str, Any],
    class_name: str,
    kind: str,
    draw: Callable[[Axes, dict[str, Any], str], bool],
    messages: Messages,
) -> Markup:
    entries = [entry for entry in data["slices"] if entry["kind"] in ("overall", "site")]
    columns = max(4, min(_COLUMNS, len(entries)))
    rows = -(-len(entries) // columns)
    withholds = data["settings"]["suppress_counts_below"]
    why_empty = "plot.few_or_withheld" if withholds else "plot.few"
    with svg.style(f"{kind} {class_name}"):
        figure = Figure(figsize=(columns * _PANEL_INCHES, rows * (_PANEL_INCHES + 0.42) + 0.12))
        grid = figure.subplots(
            rows,
            columns,
            squeeze=False,
            gridspec_kw={
                "left": 0.052,
                "right": 0.995,
                "wspace": 0.2,
                "hspace": 0.42,
                "bottom": 0.42 / figure.get_figheight(),
                "top": 1 - 0.4 / figure.get_figheight(),
            },
        )
        panels = list(grid.flat)
        for panel in panels[len(entries) :]:
            panel.set_visible(False)
        for index, (panel, entry) in enumerate(zip(panels, entries, strict=False)):
            _set_up(panel, entry, class_name, messages)
            _label_axes(panel, kind, is_first=index % columns == 0, messages=messages)
            drawn = [
                draw(panel, model["classes"][class_name], role)
                for role, model in entry["models"].items()
            ]
            if not any(drawn):
                panel.text(
                    0.5,
                    0.5,
                    messages.plain(why_empty),
                    ha="center",
                    va="center",
                    color=svg.MUTED,
                )
        return svg.to_svg(figure, messages.plain(f"plot.{kind}", **{"class": class_name}))


def _label_axes(panel: Axes, kind: str, is_first: bool, messages: Messages) -> None:
    across, up = _AXES[kind]
    panel.set_xlabel(messages.plain(f"plot.{across}"), fontsize=8)
    if is_first:
        panel.set_ylabel(messages.plain(f"plot.{up}"), fontsize=8)
    else:
        panel.set_yticklabels([])


def _set_up(panel: Axes, entry: dict[str, Any], class_name: str, messages: Messages) -> None:
    panel.set_aspect("equal")
    panel.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xticks=(0, 0.5, 1), yticks=(0, 0.5, 1))
    panel.plot([0, 1], [0, 1], color="#9aa6b1", linewidth=0.9, linestyle=":")
    panel.grid(color=svg.GRID, linewidth=0.7)
    panel.set_axisbelow(True)
    panel.tick_params(length=0)
    if entry["held_out"]:
        panel.set_facecolor(svg.HELD_OUT)
        panel.patch.set_alpha(0.55)
    name = slice_label(entry, messages)
    panel.set_title(svg.shortened(name, 24), loc="left", fontweight="bold", pad=15)
    counts = entry["models"].get("candidate", {}).get("classes", {}).get(class_name)
    positives = counts["positives"] if counts else 0
    known = number_format.known(counts) if counts else 0
    if isinstance(known, str):
        return
    panel.text(
        0,
        1.03,
        messages.plain(
            "plot.counts_held_out" if entry["held_out"] else "plot.counts",
            positives=number_format.count(positives, messages),
            known=number_format.count(known, messages),
        ),
        transform=panel.transAxes,
        fontsize=7.8,
        color=svg.MUTED,
        va="bottom",
    )


def _draw_roc(panel: Axes, metrics: dict[str, Any], role: str) -> bool:
    if metrics["roc"] is None:
        return False
    panel.plot(
        metrics["roc"]["false_positive_rate"], metrics["roc"]["true_positive_rate"], **_LINES[role]
    )
    specificity, sensitivity = metrics["specificity"], metrics["sensitivity"]
    if specificity["status"] == sensitivity["status"] == ESTIMATED:
        panel.plot(
            [1 - specificity["value"]],
            [sensitivity["value"]],
            **_MARKERS[role],
            markeredgecolor=_LINES[role]["color"],
            zorder=4,
        )
    return True


def _draw_reliability(panel: Axes, metrics: dict[str, Any], role: str) -> bool:
    """The area of a marker grows with the cases of its bin."""
    bins = metrics["calibration"]
    if bins is None:
        return False
    panel.plot(bins["score"], bins["rate"], **{**_LINES[role], "linewidth": 1, "alpha": 0.5})
    largest = max(bins["cases"], default=1.0)
    panel.scatter(
        bins["score"],
        bins["rate"],
        s=[6 + 44 * cases / largest for cases in bins["cases"]],
        marker=_MARKERS[role]["marker"],
        facecolor=_MARKERS[role]["markerfacecolor"],
        edgecolor=_LINES[role]["color"],
        linewidth=1,
        zorder=3,
    )
    return True
