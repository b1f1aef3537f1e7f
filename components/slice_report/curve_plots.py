"""Small multiples by site: ROC curves with the operating point, and reliability curves."""

from collections.abc import Callable
from typing import Any

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from components.case_predictor import predictions
from components.slice_report import number_format, svg
from components.slice_report.estimates import ESTIMATED

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


def roc_plot(data: dict[str, Any], class_name: str) -> Markup:
    """Draws a ROC panel for all cases and for each site, the frozen operating point marked."""
    return _small_multiples(
        data,
        class_name,
        f"roc {class_name}",
        f"ROC curves of {class_name} by site; the tables below hold the values.",
        ("1 \N{MINUS SIGN} specificity", "sensitivity"),
        _draw_roc,
    )


def reliability_plot(data: dict[str, Any], class_name: str) -> Markup:
    """Draws stated against observed frequency for all cases and each site."""
    return _small_multiples(
        data,
        class_name,
        f"reliability {class_name}",
        f"Reliability curves of {class_name} by site: stated against observed frequency.",
        ("stated probability", "share with condition"),
        _draw_reliability,
    )


def _small_multiples(
    data: dict[str, Any],
    class_name: str,
    name: str,
    label: str,
    axis_labels: tuple[str, str],
    draw: Callable[[Axes, dict[str, Any], str], bool],
) -> Markup:
    entries = [entry for entry in data["slices"] if entry["kind"] in ("overall", "site")]
    columns = max(4, min(_COLUMNS, len(entries)))
    rows = -(-len(entries) // columns)
    with svg.style(name):
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
            _set_up(panel, entry, class_name, is_first=index % columns == 0, labels=axis_labels)
            drawn = [
                draw(panel, model["classes"][class_name], role)
                for role, model in entry["models"].items()
            ]
            if not any(drawn):
                panel.text(
                    0.5, 0.5, "too few\nto estimate", ha="center", va="center", color=svg.MUTED
                )
        return svg.to_svg(figure, label)


def _set_up(
    panel: Axes, entry: dict[str, Any], class_name: str, is_first: bool, labels: tuple[str, str]
) -> None:
    panel.set_aspect("equal")
    panel.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xticks=(0, 0.5, 1), yticks=(0, 0.5, 1))
    panel.plot([0, 1], [0, 1], color="#9aa6b1", linewidth=0.9, linestyle=":")
    panel.grid(color=svg.GRID, linewidth=0.7)
    panel.set_axisbelow(True)
    panel.tick_params(length=0)
    panel.set_xlabel(labels[0], fontsize=8)
    if is_first:
        panel.set_ylabel(labels[1], fontsize=8)
    else:
        panel.set_yticklabels([])
    if entry["held_out"]:
        panel.set_facecolor(svg.HELD_OUT)
        panel.patch.set_alpha(0.55)
    is_site = entry["kind"] == "site"
    name = entry["features"][predictions.SITE] if is_site else "All cases"
    panel.set_title(svg.shortened(name, 24), loc="left", fontweight="bold", pad=15)
    counts = entry["models"].get("candidate", {}).get("classes", {}).get(class_name)
    positives = counts["positives"] if counts else 0
    known = positives + counts["negatives"] if counts else 0
    panel.text(
        0,
        1.03,
        f"{number_format.count(positives)} of {number_format.count(known)} cases"
        + (", held out" if entry["held_out"] else ""),
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
