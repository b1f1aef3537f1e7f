"""A study's figure of its classes: what each start gains over the baseline, class by class."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from components.slice_report import svg
from components.slice_report.message_catalogue import Messages
from components.slice_report.study_marks import clean, draw_estimate

_MOST_COLUMNS = 3


def class_figure(results: dict[str, Any], messages: Messages) -> Figure:
    """Draws each class' AUC minus the baseline's, by start; call it under `svg.style`.

    With the most labels; a panel for each class and kind of fine-tuning, all on one scale.
    """
    most = max(results["label_fractions"])
    classes = list(dict.fromkeys(row["class"] for row in results["classes"]))
    starts = [start["name"] for start in results["initialisations"]]
    compared = [start for start in starts if start != results["baseline"]]
    kinds = results["trainable"]
    columns = min(_MOST_COLUMNS, len(classes))
    lines = -(-len(classes) // columns)
    around = 0.62 if len(kinds) == 1 else 0.78
    height = 0.4 + len(kinds) * lines * (around + 0.22 * len(compared))
    figure = Figure(figsize=(11.4, height))
    grid = figure.subplots(len(kinds) * lines, columns, squeeze=False, sharex=True, sharey=True)
    for kind, block in zip(kinds, grid.reshape(len(kinds), -1), strict=True):
        for panel, name in zip(block[: len(classes)], classes, strict=True):
            rows = [
                row
                for row in results["classes"]
                if (row["class"], row["trainable"], row["label_fraction"]) == (name, kind, most)
            ]
            _draw_gains(panel, rows, starts, compared, messages)
            title = svg.shortened(name, 40)
            if len(kinds) > 1:
                title += "\n" + messages.plain(f"study.{kind}")
            panel.set_title(title, loc="left", fontweight="bold")
        for panel in block[len(classes) :]:
            panel.set_axis_off()
    axis = messages.plain("study.gain_axis", baseline=results["baseline"])
    figure.supxlabel(axis, fontsize=8, color=svg.MUTED)
    figure.tight_layout()
    return figure


def _draw_gains(
    panel: Axes,
    rows: Sequence[dict[str, Any]],
    starts: Sequence[str],
    compared: Sequence[str],
    messages: Messages,
) -> None:
    panel.axvline(0, color=svg.MUTED, linewidth=0.9, linestyle=":")
    for row in rows:
        if row["difference"] is None:
            continue
        start = row["initialisation"]
        height = compared.index(start)
        # A start keeps the colour that it has where the baseline is drawn too.
        draw_estimate(panel, row["difference"], starts.index(start), height, messages)
    panel.set_yticks(range(len(compared)), [svg.shortened(start) for start in compared])
    panel.set_ylim(len(compared) - 0.4, -0.6)
    clean(panel)
    # Below the last panel of a column there may be none.
    panel.tick_params(labelbottom=True)
    panel.xaxis.set_major_locator(MaxNLocator(nbins=5))
