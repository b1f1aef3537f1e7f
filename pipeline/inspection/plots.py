"""The pictures of an inspection: grey values and images per case, site by site."""

from typing import Any

import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure

from components.slice_report import svg

# Okabe and Ito's palette, and a dash for each round of it.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
_DASHES = ("-", "--", ":", "-.")
_MOST_SITES = 12


def intensity_plot(data: dict[str, Any]) -> Markup:
    """Draws the mean histogram of grey values of each site; held-out sites are drawn thicker."""
    sites = [site for site in data["sites"] if site["histogram"] is not None][:_MOST_SITES]
    with svg.style("intensity"):
        figure = Figure(figsize=(8.4, 3.4), layout="constrained")
        axes = figure.subplots()
        for number, site in enumerate(sites):
            shares = np.asarray(site["histogram"])
            axes.plot(
                np.linspace(0, 1, len(shares)),
                100 * shares,
                color=_COLOURS[number % len(_COLOURS)],
                linestyle=_DASHES[number // len(_COLOURS) % len(_DASHES)],
                linewidth=2.4 if site["held_out"] else 1.3,
                label=svg.shortened(site["name"]) + (" (held out)" if site["held_out"] else ""),
            )
        # Black margins would press everything else flat.
        inner = [share for site in sites for share in site["histogram"][1:-1]]
        axes.set(xlabel="grey value, black to white", ylabel="share of pixels, %", xlim=(0, 1))
        axes.set_ylim(0, 115 * max(inner, default=0.01))
        axes.grid(color=svg.GRID, linewidth=0.7)
        axes.legend(fontsize=8, ncols=2)
        return svg.to_svg(figure, "Mean histogram of grey values by site; the table has distances.")


def images_per_case_plot(data: dict[str, Any]) -> Markup:
    """Draws the share of cases by their number of images, a row a site."""
    sites = data["sites"][:_MOST_SITES]
    groups = (("1", 1, 1), ("2", 2, 2), ("3", 3, 3), ("4 or more", 4, np.inf))
    shades = ("#d4dde6", "#9ec3de", "#4d94c4", "#0072b2")
    with svg.style("images per case"):
        figure = Figure(figsize=(8.4, 0.9 + 0.36 * len(sites)), layout="constrained")
        axes = figure.subplots()
        names = [svg.shortened(site["name"]) for site in sites]
        left = np.zeros(len(sites))
        for (label, low, high), shade in zip(groups, shades, strict=True):
            shares = np.array(
                [
                    100
                    * sum(n for m, n in site["images_of_case"].items() if low <= m <= high)
                    / max(site["cases"], 1)
                    for site in sites
                ]
            )
            axes.barh(names, shares, left=left, color=shade, label=label, height=0.68)
            left += shares
        axes.invert_yaxis()
        axes.set(xlabel="share of cases, %", xlim=(0, 100))
        axes.tick_params(length=0)
        figure.legend(
            title="images", fontsize=8, title_fontsize=8, ncols=4, loc="outside upper right"
        )
        return svg.to_svg(figure, "Share of cases by number of images, site by site.")
