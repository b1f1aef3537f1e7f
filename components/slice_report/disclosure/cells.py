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
    while choices := _next_choices(cells, sums, hidden, below):
        hidden.add(choices[0])
    return hidden


def _next_choices(
    cells: Mapping[Key, Counts], sums: Sequence[Sum], hidden: set[Key], below: int
) -> list[Key]:
    """Returns cells of which one must be withheld besides, the best first; none if all is well."""
    exposed = {
        key: _shown(cells, (one for one in sums if key in one.keys), hidden)
        for key in sorted(determined(hidden, sums))
    }
    for key, choices in exposed.items():
        closing = [one for one in choices if not {key, one} & determined(hidden | {one}, sums)]
        if closing:
            return closing
    for choices in exposed.values():
        if choices:
            return choices
    for one in sums:
        if one.total not in hidden and _narrows(cells, one, hidden, below):
            choices = _shown(cells, [one], hidden)
            # The total last: whatever else it is a part of would be lost with it.
            parts = [key for key in choices if key != one.total]
            if choices:
                return parts or choices
    return []


def determined(hidden: set[Key], sums: Iterable[Sum]) -> set[Key]:
    """Returns the withheld cells that follow from the sums and from all cells that are shown."""
    keys = sorted(hidden)
    rows = []
    for one in sums:
        row = [float(key in one.parts) - float(key == one.total) for key in keys]
        if any(row):
            rows.append(row)
    if not rows:
        return set()
    _, sizes, directions = np.linalg.svd(np.array(rows))
    rank = int((sizes > _NEARLY_ZERO).sum())
    # A cell that no solution of the sums moves is known.
    moves = np.abs(directions[rank:]).max(axis=0, initial=0.0)
    return {key for key, move in zip(keys, moves, strict=True) if move < _NEARLY_ZERO}


def _shown(cells: Mapping[Key, Counts], sums: Iterable[Sum], hidden: set[Key]) -> list[Key]:
    found = {key for one in sums for key in one.keys if key not in hidden}
    sizes = {key: sum(cells[key].values()) for key in found}
    return sorted((key for key in found if sizes[key]), key=lambda key: (sizes[key], key))


def _narrows(cells: Mapping[Key, Counts], one: Sum, hidden: set[Key], below: int) -> bool:
    parts = [cells[key] for key in one.parts if key in hidden]
    names = {name for counts in parts for name in counts}
    return any(
        not is_open([counts[name] for counts in parts if name in counts], below) for name in names
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
