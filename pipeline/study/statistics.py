"""The correction of p-values for their number, and where a curve meets a line."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


def holm(p_values: Sequence[float]) -> list[float]:
    """Returns p-values corrected for their number (Holm 1979); NaN ones stay and do not count."""
    known = sorted((p, index) for index, p in enumerate(p_values) if not math.isnan(p))
    corrected = [math.nan] * len(p_values)
    largest = 0.0
    for rank, (p, index) in enumerate(known):
        largest = max(largest, min(1.0, (len(known) - rank) * p))
        corrected[index] = largest
    return corrected


@dataclass(frozen=True)
class Crossing:
    """Where a label-efficiency curve reaches a value.

    Attributes:
        status: `reached`; `at_smallest`: already at the smallest fraction; `not_reached`.
        fraction: Of the labels, interpolated; None where not reached.
    """

    status: Literal["reached", "at_smallest", "not_reached"]
    fraction: float | None


def first_crossing(fractions: Sequence[float], values: Sequence[float], target: float) -> Crossing:
    """Returns the smallest fraction at which a curve is at or above a value.

    Args:
        fractions: Rising.
        values: At these fractions; straight lines run between them.
        target: The value to reach.
    """
    points = list(zip(fractions, values, strict=True))
    if points and points[0][1] >= target:
        return Crossing("at_smallest", points[0][0])
    for (left, below), (right, above) in itertools.pairwise(points):
        if above >= target:
            share = (target - below) / (above - below)
            return Crossing("reached", left + share * (right - left))
    return Crossing("not_reached", None)
