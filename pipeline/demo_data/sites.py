"""The three sites: whom they see, and how their machines draw a chest."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pipeline.demo_data.findings import FINDINGS

Range = tuple[float, float]


@dataclass(frozen=True)
class Site:
    """One hospital. Ranges are drawn anew for every image.

    Attributes:
        name: In the manifest and as a folder.
        prevalence: Share of cases with each entry of `FINDINGS`.
        views: Share of each view.
        image_size: Side, pixels.
        image_format: `png` or `jpg`.
        gamma: Exponent of the tone curve; above 1 darkens the lungs.
        contrast: Width of the grey-scale window; above 1 clips bone and air.
        scatter: Share of the signal that scattered rays spread out.
        enhancement: Share of the coarse signal that processing takes away, so that detail shows.
        blur: Standard deviation, pixels.
        noise: Standard deviation at mid grey, of 1.
        grain: Standard deviation in pixels of the noise's correlation; 0 is white.
        border: Share of the side that the collimator blackens.
        marker: Letters of the side marker.
        marker_height: Share of the side.
        marker_corner: Where it lies: right or left, upper or lower corner of the picture.
    """

    name: str
    prevalence: Mapping[str, float]
    views: Mapping[str, float]
    image_size: int
    image_format: Literal["png", "jpg"]
    gamma: Range
    contrast: Range
    scatter: Range
    enhancement: Range
    blur: Range
    noise: Range
    grain: float
    border: Range
    marker: str
    marker_height: float
    marker_corner: tuple[Literal["left", "right"], Literal["upper", "lower"]]


def _prevalence(*shares: float) -> dict[str, float]:
    return dict(zip(FINDINGS, shares, strict=True))


NORTH = Site(
    name="north",
    prevalence=_prevalence(0.28, 0.22, 0.30, 0.24),
    views={"PA": 0.55, "lateral": 0.22, "AP": 0.13, "oblique": 0.10},
    image_size=128,
    image_format="png",
    gamma=(0.75, 1.20),
    contrast=(0.95, 1.30),
    scatter=(0.10, 0.35),
    enhancement=(0.30, 0.60),
    blur=(0.3, 0.8),
    noise=(0.008, 0.025),
    grain=0.0,
    border=(0.0, 0.04),
    marker="L",
    marker_height=0.08,
    marker_corner=("right", "upper"),
)
HARBOUR = Site(
    name="harbour",
    prevalence=_prevalence(0.24, 0.26, 0.25, 0.28),
    views={"PA": 0.40, "lateral": 0.20, "AP": 0.27, "oblique": 0.13},
    image_size=112,
    image_format="jpg",
    gamma=(0.90, 1.45),
    contrast=(0.85, 1.20),
    scatter=(0.15, 0.40),
    enhancement=(0.20, 0.50),
    blur=(0.4, 0.9),
    noise=(0.008, 0.026),
    grain=0.6,
    border=(0.0, 0.08),
    marker="R",
    marker_height=0.11,
    marker_corner=("left", "upper"),
)
VALLEY = Site(
    name="valley",
    prevalence=_prevalence(0.38, 0.34, 0.30, 0.18),
    views={"PA": 0.18, "lateral": 0.12, "AP": 0.60, "oblique": 0.10},
    image_size=96,
    image_format="jpg",
    gamma=(0.60, 0.95),
    contrast=(0.75, 1.05),
    scatter=(0.20, 0.40),
    enhancement=(0.05, 0.30),
    blur=(0.6, 1.0),
    noise=(0.010, 0.024),
    grain=0.8,
    border=(0.02, 0.10),
    marker="L",
    marker_height=0.13,
    marker_corner=("right", "lower"),
)
SITES = {site.name: site for site in (NORTH, HARBOUR, VALLEY)}
"""`valley` is meant to be held out: an older machine, bedside images, sicker patients."""
