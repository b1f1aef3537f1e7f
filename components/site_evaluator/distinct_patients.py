"""How many patients the cases of a slice are of, in bounded memory."""

import numpy as np
import numpy.typing as npt

EXACT_PATIENTS = 65_536
"""Up to so many are counted exactly. Of more, the smallest keys tell the number to about 0.4%."""

EXACT_PATIENTS_OF_CLASS = 1_024
"""The same of the patients with, and of those without, a class: to about 3%."""

_ALL_KEYS = 2.0**64


class DistinctPatients:
    """The smallest keys seen so far (k minimum values; Bar-Yossef et al. 2002, algorithm 1).

    Keys are hashes, evenly spread over all uint64: the denser the smallest lie, the more there are.
    The count depends on which patients were added, not on order, repetition or parts.
    """

    def __init__(self, exact: int = EXACT_PATIENTS) -> None:
        """Begins with nobody.

        Args:
            exact: Up to so many are counted exactly; of more, the number's relative standard error
                is about 1 / sqrt(exact).
        """
        self._exact = exact
        self._keys = np.empty(0, np.uint64)

    def add(self, keys: npt.NDArray[np.uint64]) -> None:
        """Adds the keys of some patients, [cases], in place."""
        if len(self._keys) > self._exact:
            keys = keys[keys < self._keys[-1]]
        if len(keys) == 0:
            return
        # One key more than is counted exactly: it says that there are more.
        self._keys = np.union1d(self._keys, keys)[: self._exact + 1]

    def merge(self, other: "DistinctPatients") -> None:
        """Adds the patients of other cases, in place."""
        self.add(other._keys)

    def count(self) -> int:
        """Returns their number."""
        found = len(self._keys)
        if found <= self._exact:
            return found
        return round((found - 1) / (float(self._keys[-1]) / _ALL_KEYS))
