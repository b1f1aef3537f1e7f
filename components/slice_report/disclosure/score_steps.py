"""Coarsens what is said by score, so that no step between two scores holds a small count."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]


def is_safe(counts: Counts, below: int) -> bool:
    """Whether no count is small; of counts that fall the wrong way, none is."""
    return bool(((counts <= 0) | (counts >= below)).all())


def joined_bins(counts: Counts, below: int) -> list[list[int]]:
    """Joins neighbouring bins until no joined one holds a small count.

    Args:
        counts: [tables, 2, bins], cases without and with the class; the same bins for every table.
        below: Counts from 1 to below this are small.

    Returns:
        The bins of each joined one; none where even all together are too few.
    """
    groups: list[list[int]] = []
    group: list[int] = []
    for index in range(counts.shape[2]):
        group.append(index)
        if counts[:, :, group].any() and is_safe(counts[:, :, group].sum(axis=2), below):
            groups.append(group)
            group = []
    while group and groups:
        group = groups.pop() + group
        if is_safe(counts[:, :, group].sum(axis=2), below):
            groups.append(group)
            group = []
    return groups


def safe_steps(
    above: Counts, totals: Counts, frozen: int, at_frozen: Sequence[bool], below: int
) -> list[int]:
    """Chooses thresholds such that no table has a small count at one of them or between two.

    Args:
        above: [tables, 2, thresholds], cases at and above each threshold, without and with the
            class.
        totals: [tables, 2], all of them.
        frozen: Index of the operating point.
        at_frozen: Per table whether its counts at the operating point are shown; those that are
            not have one step across it.
        below: Counts from 1 to below this are small.

    Returns:
        Indices, rising, the operating point among them; that alone where no other one will do.
    """
    shown = np.array(at_frozen, bool)
    every = np.ones(len(above), bool)

    def fits(low: int, high: int, tables: npt.NDArray[np.bool_]) -> bool:
        return is_safe((above[:, :, low] - above[:, :, high])[tables], below)

    usable = [
        index
        for index in range(above.shape[2])
        if is_safe(above[:, :, index], below) and is_safe(totals - above[:, :, index], below)
    ]
    higher: list[int] = []
    for index in (one for one in usable if one > frozen):
        if fits(higher[-1], index, every) if higher else fits(frozen, index, shown):
            higher.append(index)
    lower: list[int] = []
    for index in (one for one in reversed(usable) if one < frozen):
        if lower:
            fitting = fits(index, lower[-1], every)
        else:
            fitting = fits(index, frozen, shown)
            fitting &= not higher or fits(index, higher[0], ~shown)
        if fitting:
            lower.append(index)
    return [*reversed(lower), frozen, *higher]
