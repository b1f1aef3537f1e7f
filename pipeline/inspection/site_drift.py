"""How far a site is from the sites that training sees, before any model is there."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt


def jensen_shannon_distance(
    first: npt.NDArray[np.float64], second: npt.NDArray[np.float64]
) -> float:
    """Returns the square root of the Jensen-Shannon divergence, base 2: 0 alike, 1 disjoint.

    Args:
        first: float64 [bins], shares that sum to 1.
        second: float64 [bins], likewise.
    """
    mean = (first + second) / 2
    divergence = (_relative_entropy(first, mean) + _relative_entropy(second, mean)) / 2
    return float(np.sqrt(max(divergence, 0.0)))


def share_distance(first: Mapping[str, int], second: Mapping[str, int]) -> float | None:
    """Returns the Jensen-Shannon distance of two tables of counts; None where one is empty."""
    names = sorted({*first, *second})
    totals = sum(first.values()), sum(second.values())
    if not all(totals):
        return None
    shares = (
        np.array([counts.get(name, 0) / total for name in names], np.float64)
        for counts, total in zip((first, second), totals, strict=True)
    )
    return jensen_shannon_distance(*shares)


def _relative_entropy(shares: npt.NDArray[np.float64], reference: npt.NDArray[np.float64]) -> float:
    filled = shares > 0
    return float(np.sum(shares[filled] * np.log2(shares[filled] / reference[filled])))
