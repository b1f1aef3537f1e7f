"""A study's figures: metric against share of labels; level and loss at held-out sites."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from components.slice_report import number_format, svg
from components.slice_report.estimates import ESTIMATED
from components.slice_report.message_catalogue import Messages
from components.slice_report.study_marks import clean, draw_estimate, look
from components.slice_report.vocabulary import in_text, metric_names, place_name

_GROUPS = ("in_distribution", "held_out")


def efficiency_figure(results: dict[str, Any], messages: Messages) -> Figure:
    """Draws the study's metric against the share of labels; call it under `svg.style`.

    A row of panels for each kind of fine-tuning: in distribution, and at the held-out sites where
    these were evaluated.
    """
    kinds = results["trainable"]
    evaluated = {row["group"] for row in results["results"]}
    groups = [group for group in _GROUPS if group in evaluated]
    figure = Figure(figsize=(11.4, 0.5 + 3.7 * len(kinds)))
    grid = figure.subplots(len(kinds), len(groups), squeeze=False, sharex=True)
    for panels, kind in zip(grid, kinds, strict=True):
        for panel, group in zip(panels, groups, strict=True):
            _draw_curves(panel, results, kind, group, messages)
            title = messages.joined(
                [messages.plain(f"study.{kind}"), messages.plain(f"study.{group}")]
            )
            panel.set_title(title, loc="left", fontweight="bold")
    for panel in grid[-1]:
        panel.set_xlabel(messages.plain("study.share_axis"))
    handles, labels = grid[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncols=5, fontsize=8.5)
    rows = -(-len(labels) // 5)
    below = (0.16 + 0.2 * rows) / figure.get_figheight()
    figure.tight_layout(rect=(0, below, 1, 1))
    return figure


def shift_figure(results: dict[str, Any], messages: Messages) -> Figure:
    """Draws the metric in distribution and at held-out sites, and what it loses; under `svg.style`.

    With the most labels; a row of two panels for each place and kind of fine-tuning.
    """
    most = max(results["label_fractions"])
    rows = [row for row in results["shift"] if row["label_fraction"] == most]
    places = list(dict.fromkeys(row["place"] for row in rows))
    starts = [start["name"] for start in results["initialisations"]]
    metric = metric_names(messages)[results["metric"]].label
    lines = [(place, kind) for place in places for kind in results["trainable"]]
    figure = Figure(figsize=(11.4, 0.5 + (0.65 + 0.3 * len(starts)) * max(len(lines), 1)))
    grid = figure.subplots(max(len(lines), 1), 2, squeeze=False, sharey=True, sharex="col")
    for (levels, losses), (place, kind) in zip(grid, lines, strict=False):
        of_line = [row for row in rows if (row["place"], row["trainable"]) == (place, kind)]
        cases = number_format.count(of_line[0]["cases"] if of_line else 0, messages)
        name = place_name(place, messages)
        title = [messages.plain("study.place", place=name, cases=cases)]
        if len(results["trainable"]) > 1:
            title.append(messages.plain(f"study.{kind}"))
        levels.set_title(svg.shortened(messages.joined(title), 60), loc="left", fontweight="bold")
        for row in of_line:
            number = starts.index(row["initialisation"])
            inside, there = row["in_distribution"], row["estimate"]
            if inside["status"] == there["status"] != ESTIMATED:
                draw_estimate(levels, there, number, number, messages)
            else:
                # One above the other: their intervals must not hide one another.
                draw_estimate(levels, inside, number, number - 0.17, messages, is_filled=False)
                draw_estimate(levels, there, number, number + 0.17, messages)
            draw_estimate(losses, row["loss"], number, number, messages)
        losses.axvline(0, color=svg.MUTED, linewidth=0.9, linestyle=":")
        for panel in (levels, losses):
            panel.set_yticks(range(len(starts)), [svg.shortened(start) for start in starts])
            clean(panel)
        levels.set_ylim(len(starts) - 0.4, -0.6)
    grid[-1][0].set_xlabel(messages.plain("study.levels_axis", metric=metric), fontsize=8)
    grid[-1][1].set_xlabel(
        messages.plain("study.loss_axis", metric=in_text(results["metric"], messages)), fontsize=8
    )
    figure.tight_layout()
    return figure


def _draw_curves(
    panel: Axes, results: dict[str, Any], kind: str, group: str, messages: Messages
) -> None:
    metric = results["metric"]
    rows = [
        row
        for row in results["results"]
        if (row["metric"], row["group"], row["trainable"]) == (metric, group, kind)
        and row["estimate"]["status"] == ESTIMATED
    ]
    fractions = results["label_fractions"]
    starts = [start["name"] for start in results["initialisations"]]
    gap = 0.007 * max(fractions)
    for number, start in enumerate(starts):
        own = sorted(
            (row for row in rows if row["initialisation"] == start),
            key=lambda row: row["label_fraction"],
        )
        # Beside each other, or the intervals of eight starts would hide one another.
        aside = gap * (number - (len(starts) - 1) / 2)
        places = [row["label_fraction"] + aside for row in own]
        panel.plot(places, [row["estimate"]["value"] for row in own], label=start, **look(number))
        for place, row in zip(places, own, strict=True):
            if row["estimate"]["lower"] is not None:
                ends = [row["estimate"]["lower"], row["estimate"]["upper"]]
                panel.plot([place, place], ends, color=look(number)["color"], linewidth=0.9)
    [target] = [
        row["estimate"]["value"]
        for row in rows
        if row["initialisation"] == results["baseline"] and row["label_fraction"] == max(fractions)
    ] or [None]
    if target is not None:
        name = messages.plain("study.target", baseline=results["baseline"])
        panel.axhline(target, label=name, color=svg.MUTED, linestyle=(0, (2, 2)), linewidth=1)
    if not rows:
        panel.text(
            0.5,
            0.5,
            messages.plain("page.too_few"),
            transform=panel.transAxes,
            ha="center",
            color=svg.MUTED,
        )
        panel.set_yticks([])
    panel.set_xticks(fractions, [f"{100 * fraction:g}%" for fraction in fractions])
    panel.set_ylabel(metric_names(messages)[metric].label)
    clean(panel)
