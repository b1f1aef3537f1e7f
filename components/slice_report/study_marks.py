"""How a start looks in the figures of a study: its colour and marker, its estimate."""

from typing import Any

from matplotlib.axes import Axes

from components.slice_report import svg
from components.slice_report.estimates import ESTIMATED
from components.slice_report.message_catalogue import Messages
from components.slice_report.number_format import REASONS

_COLOURS = ("#0072b2", "#b8560b", "#00664a", "#a0437b", "#1d2935", "#7a5a00", "#3f8fc4", "#8a8f98")
_MARKERS = "osD^vPXh"


def look(number: int) -> dict[str, Any]:
    """Returns a colour, marker and line of its own for each of 32 starts."""
    return {
        "color": _COLOURS[number % len(_COLOURS)],
        "marker": _MARKERS[number % len(_MARKERS)],
        "linestyle": ("-", "--", "-.", ":")[number // len(_COLOURS) % 4],
        "linewidth": 1.5,
        "markersize": 5.5,
    }


def draw_estimate(
    panel: Axes,
    found: dict[str, Any],
    number: int,
    height: float,
    messages: Messages,
    is_filled: bool = True,
) -> None:
    """Draws an estimate of a start with its interval, or the words why there is none."""
    mark = {key: value for key, value in look(number).items() if key != "linestyle"}
    if found["status"] != ESTIMATED:
        panel.text(
            0.02,
            height,
            messages.plain(REASONS[found["status"]]),
            transform=panel.get_yaxis_transform(),
            va="center",
            fontsize=7.8,
            color=svg.MUTED,
        )
        return
    if found["lower"] is not None:
        ends = [found["lower"], found["upper"]]
        panel.plot(ends, [height, height], color=mark["color"], linewidth=1.4)
    face = mark["color"] if is_filled else "white"
    panel.plot([found["value"]], [height], **mark, markerfacecolor=face)


def clean(panel: Axes) -> None:
    """Leaves a panel with a grid and two of its four sides."""
    panel.grid(color=svg.GRID, linewidth=0.7)
    panel.set_axisbelow(True)
    panel.tick_params(length=0)
    for side in ("right", "top"):
        panel.spines[side].set_visible(False)
