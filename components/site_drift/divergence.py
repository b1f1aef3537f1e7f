"""The Jensen-Shannon divergence of two histograms whose buckets differ, as TFDV defines it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Masses = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Bucket:
    """Values from `low` to `high`, taken to be spread evenly; where the two are equal, a point."""

    low: float
    high: float
    count: float


def jensen_shannon_divergence(first: Sequence[Bucket], second: Sequence[Bucket]) -> float:
    """Returns the divergence to the base 2: 0 for the same shares, 1 where nothing overlaps.

    Args:
        first: Buckets with a count above 0 among them; they may overlap.
        second: Likewise.
    """
    edges = np.unique([edge for b in (*first, *second) for edge in (b.low, b.high)])
    points = np.unique([b.low for b in (*first, *second) if b.low == b.high])
    p, q = (_shares(buckets, edges, points) for buckets in (first, second))
    mean = (p + q) / 2
    return float(np.clip((_relative_entropy(p, mean) + _relative_entropy(q, mean)) / 2, 0, 1))


def _shares(buckets: Sequence[Bucket], edges: Masses, points: Masses) -> Masses:
    """Returns the shares between neighbouring edges, then those at each point; they sum to 1."""
    between, at = np.zeros(max(len(edges) - 1, 0)), np.zeros(len(points))
    for bucket in buckets:
        if bucket.low == bucket.high:
            at[np.searchsorted(points, bucket.low)] += bucket.count
            continue
        start, end = np.searchsorted(edges, (bucket.low, bucket.high))
        widths = np.diff(edges[start : end + 1])
        between[start:end] += bucket.count * widths / (bucket.high - bucket.low)
    masses = np.concatenate([between, at])
    return masses / masses.sum()


def _relative_entropy(shares: Masses, reference: Masses) -> float:
    filled = shares > 0
    return float(np.sum(shares[filled] * np.log2(shares[filled] / reference[filled])))
