"""The course of a training as a picture, beside its tables."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from components.slice_report import svg
from trainer.history import ContrastiveRow, FineTuneRow
from trainer.watch_table import WatchRow

LEARNING_CURVE = "learning_curve.png"

_COLUMNS = 3
_PANEL_INCHES = (3.7, 2.6)
_DOTS_PER_INCH = 130
_LINES_BEFORE_SMOOTHING = 80
_SMOOTHED_SHARE = 40


@dataclass(frozen=True)
class _Line:
    """A line of a panel; its look differs by colour, dashes and marker alike."""

    name: str
    colour: str
    dashes: str | tuple[float, tuple[float, ...]] = "-"
    marker: str = ""
    is_smoothed: bool = True


_MAIN = _Line("", svg.CANDIDATE)
_EXACT = _Line("", svg.CANDIDATE, is_smoothed=False)
_LOSS = _Line("loss", svg.CANDIDATE)
_ENTROPY = _Line("entropy", svg.BASELINE, (0, (4, 1.5)))
_TRAINING = _Line("training", svg.CANDIDATE, marker="o")
_VALIDATION = _Line("validation", svg.BASELINE, (0, (4, 1.5)), "s")
_LABEL_MEASURES = (
    ("knn_accuracy", _Line("accuracy, nearest neighbours", svg.CANDIDATE, "-", "o")),
    ("knn_auc", _Line("mean AUC, nearest neighbours", svg.CANDIDATE, (0, (4, 1.5)), "o")),
    ("probe_accuracy", _Line("accuracy, linear probe", svg.BASELINE, "-", "s")),
    ("probe_auc", _Line("mean AUC, linear probe", svg.BASELINE, (0, (4, 1.5)), "s")),
)


def draw_contrastive_training(
    directory: str,
    history: Sequence[ContrastiveRow],
    readings: Sequence[WatchRow],
    *,
    title: str,
    batch_size: int,
) -> None:
    """Writes `learning_curve.png` of a contrastive training into a directory.

    Args:
        directory: Where the picture goes.
        history: Rows of some or all steps.
        readings: Of the embeddings, at some steps; none is fine.
        title: What was trained, for a person.
        batch_size: Pairs per step; it decides the loss of a guess.
    """
    steps = [row.step for row in history]

    def loss(panel: Axes) -> None:
        _draw(panel, steps, [row.loss for row in history], _LOSS)
        _draw(panel, steps, [row.entropy for row in history], _ENTROPY)
        panel.axhline(math.log(2 * batch_size - 1), color=svg.MUTED, linestyle=":", linewidth=1)
        panel.set_ylim(bottom=0)

    def accuracy(panel: Axes) -> None:
        _draw(panel, steps, [row.accuracy for row in history], _MAIN)
        panel.set_ylim(0, 1.02)

    def rate(panel: Axes) -> None:
        _draw(panel, steps, [row.learning_rate for row in history], _EXACT)

    def labels(panel: Axes) -> None:
        for name, line in _LABEL_MEASURES:
            _draw_measure(panel, readings, name, line)
        panel.set_ylim(0, 1.02)

    guess = f"dotted: a guess, log {2 * batch_size - 1}"
    panels: list[_Panel] = [
        _Panel("Loss and entropy", f"nats ({guess})", loss),
        _Panel("Contrastive accuracy", "share of views", accuracy),
        _Panel("Learning rate", "", rate),
    ]
    for name, panel_title, note in (
        ("alignment", "Alignment", "squared distance (0: closest)"),
        ("uniformity", "Uniformity", "log potential (0: collapsed)"),
    ):
        if any(name in row.values for row in readings):
            panels.append(_measure_panel(panel_title, note, readings, name))
    if any(name in row.values for row in readings for name, _ in _LABEL_MEASURES):
        panels.append(_Panel("Labels read from the embeddings", "accuracy or AUC", labels))
    _write(directory, title, "step", panels)


def draw_fine_tuning(
    directory: str, history: Sequence[FineTuneRow], *, title: str, best_epoch: int
) -> None:
    """Writes `learning_curve.png` of a fine-tuning into a directory.

    Args:
        directory: Where the picture goes.
        history: One row an epoch.
        title: What was trained, for a person.
        best_epoch: That whose weights were taken; it is marked.
    """
    epochs = [row.epoch for row in history]

    def loss(panel: Axes) -> None:
        _draw(panel, epochs, [row.loss for row in history], _TRAINING)
        _draw(panel, epochs, [row.validation_loss for row in history], _VALIDATION)
        _mark(panel, best_epoch)

    def auc(panel: Axes) -> None:
        values = [math.nan if row.validation_auc is None else row.validation_auc for row in history]
        _draw(panel, epochs, values, _VALIDATION)
        _mark(panel, best_epoch)

    def rate(panel: Axes) -> None:
        _draw(panel, epochs, [row.learning_rate for row in history], _EXACT)

    panels = [_Panel("Loss", f"nats (line: best epoch, {best_epoch})", loss)]
    if any(row.validation_auc is not None for row in history):
        panels.append(_Panel("Mean AUC", "validation cases", auc))
    panels.append(_Panel("Learning rate", "", rate))
    _write(directory, title, "epoch", panels)


@dataclass(frozen=True)
class _Panel:
    title: str
    unit: str
    draw: Callable[[Axes], None]


def _measure_panel(title: str, unit: str, readings: Sequence[WatchRow], name: str) -> _Panel:
    line = _Line("", svg.CANDIDATE, marker="o")
    return _Panel(title, unit, lambda panel: _draw_measure(panel, readings, name, line))


def _draw_measure(panel: Axes, readings: Sequence[WatchRow], name: str, line: _Line) -> None:
    there = [row for row in readings if name in row.values]
    if there:
        _draw(panel, [row.step for row in there], [row.values[name] for row in there], line)


def _draw(panel: Axes, x: Sequence[int], y: Sequence[float], line: _Line) -> None:
    """Draws a line; a long one faintly, under its running mean."""
    look: dict[str, Any] = {
        "color": line.colour,
        "linestyle": line.dashes,
        "label": line.name or None,
    }
    if len(x) < _LINES_BEFORE_SMOOTHING or line.marker or not line.is_smoothed:
        panel.plot(x, y, **look, linewidth=1.6, marker=line.marker, markersize=4)
        return
    panel.plot(x, y, color=line.colour, linewidth=0.6, alpha=0.3)
    panel.plot(x, _running_mean(y), **look, linewidth=1.6)


def _running_mean(values: Sequence[float]) -> np.ndarray:
    half = len(values) // _SMOOTHED_SHARE // 2
    sums = np.concatenate([[0.0], np.cumsum(values)])
    index = np.arange(len(values))
    low, high = np.maximum(index - half, 0), np.minimum(index + half + 1, len(values))
    return (sums[high] - sums[low]) / (high - low)


def _mark(panel: Axes, epoch: int) -> None:
    panel.axvline(epoch, color=svg.INK, linewidth=1, linestyle=":")


def _write(directory: str, title: str, axis: str, panels: Sequence[_Panel]) -> None:
    rows = math.ceil(len(panels) / _COLUMNS)
    width, height = _PANEL_INCHES
    with svg.style("learning curve"):
        figure = Figure(figsize=(_COLUMNS * width, rows * height + 0.4), layout="constrained")
        figure.suptitle(title, fontsize=11, fontweight="bold", x=0.01, ha="left")
        axes = list(figure.subplots(rows, _COLUMNS, squeeze=False).flat)
        for panel, axis_of_panel in _filled(panels, axes):
            _set_up(axis_of_panel, panel, axis)
        figure.savefig(
            Path(directory, LEARNING_CURVE),
            dpi=_DOTS_PER_INCH,
            facecolor="white",
            metadata={"Software": None},
        )


def _filled(panels: Sequence[_Panel], axes: Sequence[Axes]) -> Iterator[tuple[_Panel, Axes]]:
    for unused in axes[len(panels) :]:
        unused.set_visible(False)
    yield from zip(panels, axes, strict=False)


def _set_up(axes: Axes, panel: _Panel, x_label: str) -> None:
    panel.draw(axes)
    axes.set_title(panel.title, loc="left", fontweight="bold")
    axes.set(xlabel=x_label, ylabel=panel.unit)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    axes.grid(color=svg.GRID, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    if axes.get_legend_handles_labels()[1]:
        axes.legend(fontsize=8, loc="best")
