"""Whether a balanced accuracy leaves open how many cases of each class were named rightly."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

_STEP = 1e-4
"""Of the sums of shares; a tenth of what three decimals tell of a mean."""
_DIGITS = 0.5e-3


def stays_open(matrix: Sequence[Sequence[int]], averaged: Sequence[bool]) -> bool:
    """Whether the mean share named rightly, to three decimals, leaves every class its range.

    The cases of each class are known, and nothing of how they were named. Where a class has few
    named wrongly (or rightly), so that the count is to be protected, each other number of wrong
    ones from none to twice as many must give the same mean with some naming of the other classes.

    Args:
        matrix: Cases by true and by named class.
        averaged: By true class, whether the mean is over it too.
    """
    rows = [(index, row) for index, row in enumerate(matrix) if averaged[index]]
    sizes = [sum(row) for _, row in rows]
    wrong = [sum(row) - row[index] for index, row in rows]
    total = sum(few / size for few, size in zip(wrong, sizes, strict=True))
    tolerance = _DIGITS * len(sizes)
    for index, (few, size) in enumerate(zip(wrong, sizes, strict=True)):
        others = _reachable(sizes[:index] + sizes[index + 1 :])
        for value in range(min(size, 2 * max(few, 1)) + 1):
            if not _is_reachable(others, total - value / size, tolerance):
                return False
    return True


def _reachable(sizes: Sequence[int]) -> npt.NDArray[np.bool_]:
    """Returns bool [steps]: which sums of shares wrong the classes can give."""
    length = round(len(sizes) / _STEP) + 1
    sums = np.zeros(length, bool)
    sums[0] = True
    for size in sizes:
        moved = np.zeros(length, bool)
        for value in range(size + 1):
            step = round(value / size / _STEP)
            moved[step:] |= sums[: length - step]
        sums = moved
    return sums


def _is_reachable(sums: npt.NDArray[np.bool_], wanted: float, tolerance: float) -> bool:
    low, high = (round((wanted + side) / _STEP) for side in (-tolerance, tolerance))
    return bool(sums[max(0, low) : max(0, high + 1)].any())
