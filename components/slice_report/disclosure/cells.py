"""Which cells of linked tables are withheld, so that no small count can be worked out again."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

WITHHELD = "withheld"
"""Stands for a count that is not small, and would give a small one away."""

Key = tuple[str, ...]
Counts = Mapping[str, int]
"""Of one cell: what is withheld together, such as cases with and without a finding."""

_NEARLY_ZERO = 1e-9
_LONGEST_CHAIN = 4
_MOST_CHAINS = 40


@dataclass(frozen=True)
class Sum:
    """A published total and the cells that it is the sum of.

    Attributes:
        parts: The cells.
        total: A cell itself; None if it is known and cannot be withheld.
    """

    parts: tuple[Key, ...]
    total: Key | None = None

    @property
    def keys(self) -> tuple[Key, ...]:
        """All cells of the sum."""
        return self.parts if self.total is None else (*self.parts, self.total)


def is_small(count: int, below: int) -> bool:
    """Whether a count must not be shown; none at all may be."""
    return 0 < count < below


def shown_count(count: int, hidden: bool, below: int) -> int | str:
    """Returns a count, or what stands for it where its cell is withheld: `<10`, `withheld`."""
    if not hidden:
        return count
    return f"<{below}" if is_small(count, below) else WITHHELD


def withheld(
    cells: Mapping[Key, Counts],
    sums: Sequence[Sum],
    below: int,
    forced: Collection[Key] = (),
) -> set[Key]:
    """Returns the cells to withhold: those with a small count, and others that would give it away.

    Nothing that is withheld follows from the sums and what is shown, and where cells are missing
    from a total that is shown, each of their small counts may still be anything from 1 to
    `below` - 1. The smallest cells that serve are added first, never one without any case.

    Args:
        cells: Counts of every cell.
        sums: How cells hang together; of cells that are there.
        below: Counts from 1 to below this are small.
        forced: Cells that are withheld whatever they hold.
    """
    hidden = {
        key
        for key, counts in cells.items()
        if key in forced or any(is_small(count, below) for count in counts.values())
    }
    tables = _Tables(cells, sums)
    while added := tables.closing(hidden) or tables.widening(hidden, below):
        hidden |= added
    return hidden


def determined(hidden: set[Key], sums: Iterable[Sum]) -> set[Key]:
    """Returns the withheld cells that follow from the sums and from all cells that are shown."""
    keys = sorted(hidden)
    places = {key: place for place, key in enumerate(keys)}
    rows = []
    for one in sums:
        row = np.zeros(len(keys))
        for part in one.parts:
            if part in places:
                row[places[part]] = 1.0
        if one.total in places:
            row[places[one.total]] = -1.0
        if row.any():
            rows.append(row)
    if not rows:
        return set()
    _, sizes, directions = np.linalg.svd(np.array(rows))
    rank = int((sizes > _NEARLY_ZERO).sum())
    # A cell that no solution of the sums moves is known.
    moves = np.abs(directions[rank:]).max(axis=0, initial=0.0)
    return {key for key, move in zip(keys, moves, strict=True) if move < _NEARLY_ZERO}


class _Tables:
    """Cells and their sums, to look for what to withhold besides."""

    def __init__(self, cells: Mapping[Key, Counts], sums: Sequence[Sum]) -> None:
        self._cells = cells
        self._sums = sums
        self._sums_of: dict[Key, list[Sum]] = {key: [] for key in cells}
        for one in sums:
            for key in one.keys:
                self._sums_of[key].append(one)

    def closing(self, hidden: set[Key]) -> set[Key]:
        """Returns cells with which fewer withheld ones follow from what is shown; none if none do.

        Chains of cells are tried, each in a sum with the one before: a row needs a second cell,
        which its column then needs another for. Short ones first, of these the smallest.
        """
        exposed = determined(hidden, self._sums)
        chains: list[tuple[Key, ...]] = [(key,) for key in sorted(exposed)]
        for _ in range(_LONGEST_CHAIN):
            longer = sorted(
                (
                    (*chain, key)
                    for chain in chains
                    for key in self._shown(self._sums_of[chain[-1]], hidden)
                    if key not in chain
                ),
                key=lambda chain: (self._size(chain[1:]), chain),
            )
            for chain in longer:
                added = set(chain[1:])
                if determined(hidden | added, self._sums) < exposed:
                    return added
            chains = longer[:_MOST_CHAINS]
        for key in sorted(exposed):
            choices = self._shown(self._sums_of[key], hidden)
            if choices:
                return {choices[0]}
        return set()

    def widening(self, hidden: set[Key], below: int) -> set[Key]:
        """Returns a cell of a sum that leaves a small count less than its whole range."""
        for one in self._sums:
            if one.total not in hidden and self._narrows(one, hidden, below):
                choices = self._shown([one], hidden)
                # The total last: whatever else it is a part of would be lost with it.
                parts = [key for key in choices if key != one.total]
                # Better one that takes no further cell with it.
                alone = [key for key in parts if key not in determined(hidden | {key}, self._sums)]
                if choices:
                    return {(alone or parts or choices)[0]}
        return set()

    def _size(self, keys: Iterable[Key]) -> int:
        return sum(sum(self._cells[key].values()) for key in keys)

    def _shown(self, sums: Iterable[Sum], hidden: set[Key]) -> list[Key]:
        """Returns the cells that are shown and hold a case, the smallest first."""
        found = {key for one in sums for key in one.keys if key not in hidden}
        sizes = {key: self._size([key]) for key in found}
        return sorted((key for key in found if sizes[key]), key=lambda key: (sizes[key], key))

    def _narrows(self, one: Sum, hidden: set[Key], below: int) -> bool:
        parts = [self._cells[key] for key in one.parts if key in hidden]
        names = {name for counts in parts for name in counts}
        return any(
            not is_open([counts[name] for counts in parts if name in counts], below)
            for name in names
        )


def is_open(counts: Sequence[int], below: int) -> bool:
    """Whether each small one of some counts, of which the sum is known, may be any small number.

    It is also known which of them are small, and that each other one is 0, or `below` at least.
    """
    small = sum(is_small(count, below) for count in counts)
    if not small:
        return True
    others_small, others_large = small - 1, len(counts) - small
    for value in range(1, below):
        rest = sum(counts) - value
        if others_small <= rest <= others_small * (below - 1):
            continue
        if not (others_large and rest >= others_small + below):
            return False
    return True
