"""Cases on which a candidate answers otherwise than the model that is evaluated."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from components.site_evaluator.counts import COLUMNS
from components.site_evaluator.intervals import estimate
from components.site_evaluator.metric_values import RECLASSIFIED_COUNTS
from components.site_evaluator.resampling import case_weights
from components.site_evaluator.results import (
    OPERATING_POINT,
    PREDICTED_CLASS,
    Estimate,
    Reclassified,
)


@dataclass(frozen=True)
class Reclassification:
    """How both models name the classes.

    Attributes:
        thresholds: float64 [2, classes]: of the model that is evaluated, of the candidate.
        multi_class: Whether the most probable class counts besides.
    """

    thresholds: npt.NDArray[np.float64]
    multi_class: bool

    @property
    def criteria(self) -> tuple[str, ...]:
        """Ways of naming a class."""
        return (OPERATING_POINT, PREDICTED_CLASS) if self.multi_class else (OPERATING_POINT,)

    @property
    def record_type(self) -> np.dtype:
        """Layout of a case: `patient` uint64, bits per class, bits per model, way and class."""
        classes = self.thresholds.shape[1]
        return np.dtype(
            [
                ("patient", np.uint64),
                ("present", np.bool_, (classes,)),
                ("known", np.bool_, (classes,)),
                ("named", np.bool_, (2, len(self.criteria), classes)),
            ]
        )

    def named(self, scores: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
        """Returns bool [2, criteria, classes]: which classes the two models name in a case.

        Args:
            scores: [2, classes], probabilities.
        """
        ways = [scores >= self.thresholds]
        if self.multi_class:
            ways.append(np.eye(scores.shape[1], dtype=bool)[scores.argmax(axis=1)])
        return np.stack(ways, axis=1)

    def empty(self) -> "ReclassificationSums":
        """Returns sums over no case."""
        classes = self.thresholds.shape[1]
        return ReclassificationSums(
            changes=np.zeros(
                (len(self.criteria), len(RECLASSIFIED_COUNTS), classes, COLUMNS), np.int64
            ),
            totals=np.zeros((2, classes, COLUMNS), np.int64),
        )


@dataclass
class ReclassificationSums:
    """Whole numbers, so that order and sharding do not matter. Column 0 is the data as they are.

    Attributes:
        changes: int64 [criteria, 4 changes, classes, columns], cases.
        totals: int64 [2, classes, columns], cases with and without the class.
    """

    changes: npt.NDArray[np.int64]
    totals: npt.NDArray[np.int64]

    def add(self, cases: npt.NDArray[np.void], seed: int) -> None:
        """Adds one or more cases (see `Reclassification.record_type`), in place."""
        weights = case_weights(cases["patient"], seed)
        positive = cases["known"] & cases["present"]
        negative = cases["known"] & ~cases["present"]
        before, after = cases["named"][:, 0], cases["named"][:, 1]
        gained, lost = after & ~before, before & ~after
        sides = (positive[:, np.newaxis], negative[:, np.newaxis])
        flags = np.stack([side & change for side in sides for change in (gained, lost)], axis=2)
        self.changes += _weighted(flags, weights)
        self.totals += _weighted(np.stack([positive, negative], axis=1), weights)

    def merge(self, other: "ReclassificationSums") -> None:
        """Adds the sums over other cases, in place."""
        self.changes += other.changes
        self.totals += other.totals

    def results(
        self, criteria: tuple[str, ...], classes: tuple[str, ...]
    ) -> dict[str, dict[str, Reclassified]]:
        """Returns the changes by way of naming and class."""
        return {
            criterion: {name: self._reclassified(way, index) for index, name in enumerate(classes)}
            for way, criterion in enumerate(criteria)
        }

    def _reclassified(self, way: int, index: int) -> Reclassified:
        found, missed, false_alarm, cleared = self.changes[way, :, index]
        positives, negatives = self.totals[:, index]
        counts = dict(
            zip(RECLASSIFIED_COUNTS, self.changes[way, :, index, 0].tolist(), strict=True)
        )
        return Reclassified(
            **counts,
            net_found=_share(found - missed, positives),
            net_cleared=_share(cleared - false_alarm, negatives),
        )


def _weighted(
    flags: npt.NDArray[np.bool_], weights: npt.NDArray[np.int32]
) -> npt.NDArray[np.int64]:
    """Returns int64 [..., columns]: sums of the weights of the cases that a flag is set for.

    Args:
        flags: [cases, ...].
        weights: [cases, columns].
    """
    # Small whole numbers: float64 adds them exactly, and multiplies faster than int64.
    sums = flags.reshape(len(flags), -1).T.astype(np.float64) @ weights.astype(np.float64)
    return sums.astype(np.int64).reshape(*flags.shape[1:], weights.shape[1])


def _share(net: npt.NDArray[np.int64], cases: npt.NDArray[np.int64]) -> Estimate:
    shares = np.divide(net, cases, out=np.full(net.shape, np.nan), where=cases > 0)
    return estimate(float(shares[0]), shares[1:])
