"""A matplotlib figure as SVG that stands inside an HTML page."""

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import matplotlib
from markupsafe import Markup, escape
from matplotlib.figure import Figure

# Okabe and Ito's palette: told apart with any colour vision. Line and marker differ too.
CANDIDATE = "#0072b2"
BASELINE = "#b8560b"
INK = "#1d2935"
MUTED = "#5a6875"
GRID = "#e3e8ed"
HELD_OUT = "#fdf3d8"

_STYLE = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": "#b4bec8",
    "axes.labelcolor": MUTED,
    "axes.linewidth": 0.8,
    "axes.titlesize": 9,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.frameon": False,
}
_PIXELS_PER_INCH = 96
_READABLE = 0.75
"""Of the width that a figure is drawn for: below it the smallest words are under 6 points."""
_NOTHING = {"Date": None, "Creator": None, "Format": None, "Type": None}
_GROUP_ID = re.compile(r'<g id="[^"]*"')
_ROOT = re.compile(r"<svg [^>]*?viewBox=\"([^\"]+)\"[^>]*>", re.DOTALL)


@contextmanager
def style(name: str) -> Iterator[None]:
    """Sets the report's look; `name` keeps the ids of one figure apart from another's."""
    with matplotlib.rc_context({**_STYLE, "svg.hashsalt": name}), warnings.catch_warnings():
        # A script that matplotlib's font lacks is drawn by the reader's fonts.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


def to_svg(figure: Figure, label: str) -> Markup:
    """Returns the figure as an inline `<svg>`, the same each time.

    It is scaled to its container, as far as its words stay readable; then the container scrolls.

    Args:
        figure: Drawn under `style`.
        label: What the picture says, for a screen reader.
    """
    text = io.StringIO()
    figure.savefig(text, format="svg", transparent=True, metadata=_NOTHING)
    drawing = text.getvalue()
    drawing = drawing[drawing.index("<svg") :]
    width = figure.get_figwidth() * _PIXELS_PER_INCH
    opening = (
        f'<svg role="img" aria-label="{escape(label)}" class="plot" viewBox="\\1" '
        f'style="max-width:{width:.0f}px;--readable:{width * _READABLE:.0f}px">'
    )
    drawing = _ROOT.sub(lambda match: match.expand(opening), drawing, count=1)
    drawing = _GROUP_ID.sub("<g", drawing)
    return Markup(f'<div class="figure">{drawing}</div>')


def shortened(name: str, length: int = 26) -> str:
    """Returns a name that fits beside a plot; the tables have it in full."""
    return name if len(name) <= length else name[: length - 1] + "\N{HORIZONTAL ELLIPSIS}"
