"""Sums over the cases of a slice, per bootstrap replicate, from which every metric follows.

All sums are of whole numbers (probabilities in fixed point), so that they come out the same in
whatever order and however many parts the cases were added.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from components.site_evaluator.resampling import REPLICATES, case_weights

COLUMNS = 1 + REPLICATES
CALIBRATION_BINS = 10
SCORE_ONE = 2**32
"""The probability 1 in fixed point."""

_GRID_BINS = 1024
_GRID_LOGIT = 12.0
_CHUNK = 2048

Edges = npt.NDArray[np.float64]


def logit_grid() -> Edges:
    """Returns the 1023 inner edges of 1024 bins of equal width in logit, from -12 to 12."""
    logits = np.linspace(-_GRID_LOGIT, _GRID_LOGIT, _GRID_BINS + 1)[1:-1]
    return 1 / (1 + np.exp(-logits))


def distinct_scores(scores: npt.NDArray[np.float32]) -> Edges:
    """Returns edges that give every distinct score its own bin, so that ranks are exact."""
    return np.unique(scores)[1:].astype(np.float64)


@dataclass(frozen=True)
class Counts:
    """The sums. Column 0 is the data as they are, the others are replicates.

    Attributes:
        edges: Per class, the inner edges of its histogram's bins, rising.
        thresholds: float64 [classes], at and above which a case counts as positive.
        multi_class: Whether exactly one class is present in a case.
        histograms: Per class int32 [2, bins, columns]: cases without and with the class, by score.
        flagged: int64 [classes, 2, columns]: those at or above the threshold.
        calibration: int64 [subjects, 3, bins, columns]: cases, positives and sum of scores (fixed
            point) by predicted probability. The subjects are the classes and, if multi-class,
            last the predicted class: how often it is right, by its probability.
        confusion: int64 [classes, classes, columns], true by predicted class; zero if multi-label.
        cases: int64 [columns], cases with a known label.
    """

    edges: tuple[Edges, ...]
    thresholds: npt.NDArray[np.float64]
    multi_class: bool
    histograms: tuple[npt.NDArray[np.int32], ...]
    flagged: npt.NDArray[np.int64]
    calibration: npt.NDArray[np.int64]
    confusion: npt.NDArray[np.int64]
    cases: npt.NDArray[np.int64]

    @classmethod
    def empty(
        cls, edges: tuple[Edges, ...], thresholds: npt.NDArray[np.float64], multi_class: bool
    ) -> "Counts":
        """Returns counts of no case."""
        classes = len(edges)
        return cls(
            edges=edges,
            thresholds=thresholds,
            multi_class=multi_class,
            histograms=tuple(np.zeros((2, len(e) + 1, COLUMNS), np.int32) for e in edges),
            flagged=np.zeros((classes, 2, COLUMNS), np.int64),
            calibration=np.zeros((classes + multi_class, 3, CALIBRATION_BINS, COLUMNS), np.int64),
            confusion=np.zeros(
                (classes, classes, COLUMNS) if multi_class else (0, 0, COLUMNS), np.int64
            ),
            cases=np.zeros(COLUMNS, np.int64),
        )

    def add(self, cases: npt.NDArray[np.void], seed: int) -> None:
        """Adds cases (a structured array, see `case_records`), in place."""
        for start in range(0, len(cases), _CHUNK):
            chunk = cases[start : start + _CHUNK]
            self._add_chunk(chunk, case_weights(chunk["patient"], seed))

    def merge(self, other: "Counts") -> None:
        """Adds the counts of other cases, with the same edges, in place."""
        for mine, others in zip(self.histograms, other.histograms, strict=True):
            np.add(mine, others, out=mine)
        for name in ("flagged", "calibration", "confusion", "cases"):
            mine = getattr(self, name)
            np.add(mine, getattr(other, name), out=mine)

    def _add_chunk(self, cases: npt.NDArray[np.void], weights: npt.NDArray[np.int64]) -> None:
        self.cases[:] += weights.sum(axis=0)
        for index in range(len(self.edges)):
            known = cases["known"][:, index]
            present = cases["present"][known, index].astype(np.intp)
            score = cases["score"][known, index].astype(np.float64)
            self._add_class(index, present, score, weights[known])
        if self.multi_class:
            self._add_predicted_class(cases, weights)

    def _add_class(
        self,
        index: int,
        present: npt.NDArray[np.intp],
        score: npt.NDArray[np.float64],
        weights: npt.NDArray[np.int64],
    ) -> None:
        histogram = self.histograms[index]
        bins = np.searchsorted(self.edges[index], score, side="right")
        _add_rows(histogram.reshape(-1, COLUMNS), present * histogram.shape[1] + bins, weights)
        flagged = score >= self.thresholds[index]
        _add_rows(self.flagged[index], present[flagged], weights[flagged])
        self._add_calibration(index, present, score, weights)

    def _add_predicted_class(
        self, cases: npt.NDArray[np.void], weights: npt.NDArray[np.int64]
    ) -> None:
        true = cases["present"].argmax(axis=1)
        predicted = cases["score"].argmax(axis=1)
        confidence = cases["score"].max(axis=1).astype(np.float64)
        classes = len(self.edges)
        _add_rows(self.confusion.reshape(-1, COLUMNS), true * classes + predicted, weights)
        self._add_calibration(classes, (true == predicted).astype(np.intp), confidence, weights)

    def _add_calibration(
        self,
        subject: int,
        present: npt.NDArray[np.intp],
        score: npt.NDArray[np.float64],
        weights: npt.NDArray[np.int64],
    ) -> None:
        bins = np.minimum((score * CALIBRATION_BINS).astype(np.intp), CALIBRATION_BINS - 1)
        fixed_point = np.rint(score * SCORE_ONE).astype(np.int64)
        cases, positives, scores = self.calibration[subject]
        _add_rows(cases, bins, weights)
        _add_rows(positives, bins[present == 1], weights[present == 1])
        _add_rows(scores, bins, weights * fixed_point[:, np.newaxis])


def _add_rows(
    totals: npt.NDArray[np.signedinteger],
    index: npt.NDArray[np.intp],
    rows: npt.NDArray[np.int64],
) -> None:
    """Adds `rows[i]` to `totals[index[i]]`; many times faster than `np.add.at`."""
    if not len(index):
        return
    order = np.argsort(index, kind="stable")
    distinct, starts = np.unique(index[order], return_index=True)
    totals[distinct] += np.add.reduceat(rows[order], starts, axis=0)
