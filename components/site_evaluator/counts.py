"""Sums over the cases of a slice, per bootstrap replicate, from which every metric follows.

All sums are of whole numbers (probabilities and losses in fixed point), so that they come out the
same in whatever order and however many parts the cases were added.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from components.site_evaluator.distinct_patients import EXACT_PATIENTS_OF_CLASS, DistinctPatients
from components.site_evaluator.recalibration import logits
from components.site_evaluator.resampling import REPLICATES, case_weights

COLUMNS = 1 + REPLICATES
CALIBRATION_BINS = 10
SCORE_ONE = 2**32
"""The number 1 in fixed point."""
TOP = 3
"""How many of the most probable classes top-3 accuracy looks at."""

_GRID_BINS = 1024
_GRID_LOGIT = 12.0
# Sums of so many losses, in fixed point, stay whole numbers in float64: below 2^53.
_CHUNK = 4096
_KINDS_OF_PATIENTS = 4
# The smallest step of float32 scores at 1: a sure and wrong score has a large, finite loss.
_SMALLEST_PROBABILITY = 2.0**-23
_SUMS = ("scores", "confidence", "squared_errors", "losses", "confusion", "top", "cases")

Edges = npt.NDArray[np.float64]


def logit_grid() -> Edges:
    """Returns the 1023 inner edges of 1024 bins of equal width in logit, from -12 to 12."""
    logits = np.linspace(-_GRID_LOGIT, _GRID_LOGIT, _GRID_BINS + 1)[1:-1]
    return 1 / (1 + np.exp(-logits))


def distinct_scores(scores: npt.NDArray[np.float32]) -> Edges:
    """Returns edges that give every distinct score a bin that begins at it: ranks are exact."""
    return np.unique(scores).astype(np.float64)


@dataclass(frozen=True)
class Counts:
    """The sums. Column 0 is the data as they are, the others are replicates.

    Attributes:
        edges: Per class, the inner edges of its histogram's bins, rising. The operating point and
            the edges of the calibration bins are among them, so that what lies above is exact.
        thresholds: float64 [classes], at and above which a case counts as positive.
        multi_class: Whether exactly one class is present in a case.
        histograms: Per class int32 [2, bins, columns]: cases without and with the class, by score.
        logits: Per class int64 [bins], sum of the scores' log odds over the data as they are (fixed
            point): where within its bin a case lies, for the fit of the calibration.
        scores: int64 [classes, calibration bins, columns], sum of the scores (fixed point).
        confidence: int64 [3, calibration bins, columns], multi-class: cases, cases named
            correctly and sum of scores by the predicted class' probability; else zero.
        squared_errors: int64 [classes, columns], of the scores (fixed point).
        losses: int64 [1 or classes, columns], negative log likelihood (fixed point): multi-class
            of the true class, multi-label of each finding.
        confusion: int64 [classes, classes, columns], true by predicted class; empty if multi-label.
        top: int64 [columns], multi-class: cases whose class is among the three most probable.
        cases: int64 [columns], cases with a known label.
        patients: Those whose cases these are.
        class_patients: Per class, those with a case without it, with it, at or above the operating
            point and below it; of cases whose label is known.
    """

    edges: tuple[Edges, ...]
    thresholds: npt.NDArray[np.float64]
    multi_class: bool
    histograms: tuple[npt.NDArray[np.int32], ...]
    logits: tuple[npt.NDArray[np.int64], ...]
    scores: npt.NDArray[np.int64]
    confidence: npt.NDArray[np.int64]
    squared_errors: npt.NDArray[np.int64]
    losses: npt.NDArray[np.int64]
    confusion: npt.NDArray[np.int64]
    top: npt.NDArray[np.int64]
    cases: npt.NDArray[np.int64]
    patients: DistinctPatients
    class_patients: tuple[tuple[DistinctPatients, ...], ...]

    @classmethod
    def empty(
        cls, edges: tuple[Edges, ...], thresholds: npt.NDArray[np.float64], multi_class: bool
    ) -> "Counts":
        """Returns counts of no case.

        Args:
            edges: Per class; the operating point and the calibration bins' edges are added.
            thresholds: float64 [classes].
            multi_class: Whether exactly one class is present in a case.
        """
        classes = len(edges)
        all_edges = tuple(
            np.union1d(np.append(calibration_edges(), threshold), single)
            for threshold, single in zip(thresholds, edges, strict=True)
        )
        true_classes = classes if multi_class else 0
        return cls(
            edges=all_edges,
            thresholds=thresholds,
            multi_class=multi_class,
            histograms=tuple(np.zeros((2, len(e) + 1, COLUMNS), np.int32) for e in all_edges),
            logits=tuple(np.zeros(len(e) + 1, np.int64) for e in all_edges),
            scores=np.zeros((classes, CALIBRATION_BINS, COLUMNS), np.int64),
            confidence=np.zeros((3, CALIBRATION_BINS, COLUMNS), np.int64),
            squared_errors=np.zeros((classes, COLUMNS), np.int64),
            losses=np.zeros((1 if multi_class else classes, COLUMNS), np.int64),
            confusion=np.zeros((true_classes, true_classes, COLUMNS), np.int64),
            top=np.zeros(COLUMNS, np.int64),
            cases=np.zeros(COLUMNS, np.int64),
            patients=DistinctPatients(),
            class_patients=tuple(
                tuple(DistinctPatients(EXACT_PATIENTS_OF_CLASS) for _ in range(_KINDS_OF_PATIENTS))
                for _ in edges
            ),
        )

    def add(self, cases: npt.NDArray[np.void], seed: int) -> None:
        """Adds cases (a structured array, see `case_records`), in place."""
        self.patients.add(cases["patient"])
        for index, of_class in enumerate(self.class_patients):
            known, present = cases["known"][:, index], cases["present"][:, index]
            marked = cases["score"][:, index].astype(np.float64) >= self.thresholds[index]
            for patients, chosen in zip(
                of_class, (~present, present, marked, ~marked), strict=True
            ):
                patients.add(cases["patient"][known & chosen])
        for start in range(0, len(cases), _CHUNK):
            chunk = cases[start : start + _CHUNK]
            self._add_chunk(chunk, case_weights(chunk["patient"], seed))

    def merge(self, other: "Counts") -> None:
        """Adds the counts of other cases, with the same edges, in place."""
        for mine, others in zip(self.histograms, other.histograms, strict=True):
            np.add(mine, others, out=mine)
        for own, added in zip(self.logits, other.logits, strict=True):
            np.add(own, added, out=own)
        self.patients.merge(other.patients)
        for kept, more in zip(self.class_patients, other.class_patients, strict=True):
            for mine_of_kind, others_of_kind in zip(kept, more, strict=True):
                mine_of_kind.merge(others_of_kind)
        for name in _SUMS:
            mine = getattr(self, name)
            np.add(mine, getattr(other, name), out=mine)

    def positives_from(self, index: int, edge: float) -> npt.NDArray[np.int64]:
        """Returns int64 [2, columns]: cases without and with a class that score `edge` or more.

        Args:
            index: Of the class.
            edge: One of the class' edges.
        """
        first = int(np.searchsorted(self.edges[index], edge)) + 1
        return self.histograms[index][:, first:].sum(axis=1, dtype=np.int64)

    def calibration(self, index: int) -> npt.NDArray[np.int64]:
        """Returns int64 [3, calibration bins, columns] of a class.

        The rows are cases, cases with the class, and sum of scores (fixed point).
        """
        starts = np.searchsorted(self.edges[index], calibration_edges()) + 1
        negatives, positives = np.add.reduceat(
            self.histograms[index], np.append(0, starts), axis=1, dtype=np.int64
        )
        return np.stack([negatives + positives, positives, self.scores[index]])

    def _add_chunk(self, cases: npt.NDArray[np.void], weights: npt.NDArray[np.int32]) -> None:
        self.cases[:] += weights.sum(axis=0, dtype=np.int64)
        for index in range(len(self.edges)):
            self._add_class(index, cases, weights)
        if self.multi_class:
            self._add_true_and_predicted_class(cases, weights)

    def _add_class(
        self, index: int, cases: npt.NDArray[np.void], weights: npt.NDArray[np.int32]
    ) -> None:
        known = cases["known"][:, index]
        present = cases["present"][known, index]
        score = cases["score"][known, index].astype(np.float64)
        histogram = self.histograms[index]
        bins = np.searchsorted(self.edges[index], score, side="right")
        rows = present * histogram.shape[1] + bins
        ones = np.ones(len(rows), np.int32)
        sums = np.bincount(bins, _fixed_point(logits(score)), histogram.shape[1])
        self.logits[index][:] += sums.astype(np.int64)
        _scatter(histogram.reshape(-1, COLUMNS), rows, ones, weights, known)
        _scatter(self.scores[index], _calibration_bins(score), _fixed_point(score), weights, known)
        of_class = np.full(len(rows), index)
        squared_error = _fixed_point(np.square(score - present))
        _scatter(self.squared_errors, of_class, squared_error, weights, known)
        if not self.multi_class:
            loss = _fixed_point(_log_loss(np.where(present, score, 1 - score)))
            _scatter(self.losses, of_class, loss, weights, known)

    def _add_true_and_predicted_class(
        self, cases: npt.NDArray[np.void], weights: npt.NDArray[np.int32]
    ) -> None:
        every = np.arange(len(cases))
        true = cases["present"].argmax(axis=1)
        predicted = cases["score"].argmax(axis=1)
        score = cases["score"].astype(np.float64)
        confidence = score[every, predicted]
        right = (true == predicted).astype(np.int32)
        ones = np.ones(len(cases), np.int32)
        first_row = np.zeros(len(cases), np.intp)
        bins = _calibration_bins(confidence)
        for totals, rows, values in (
            (self.confusion.reshape(-1, COLUMNS), true * len(self.edges) + predicted, ones),
            (self.confidence[0], bins, ones),
            (self.confidence[1], bins, right),
            (self.confidence[2], bins, _fixed_point(confidence)),
            (self.losses, first_row, _fixed_point(_log_loss(score[every, true]))),
            (self.top[np.newaxis], first_row, _in_top(score, true).astype(np.int32)),
        ):
            _scatter(totals, rows, values, weights)


def calibration_edges() -> Edges:
    """Returns the nine inner edges of ten calibration bins of equal width."""
    return np.arange(1, CALIBRATION_BINS) / CALIBRATION_BINS


def _calibration_bins(score: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
    return np.searchsorted(calibration_edges(), score, side="right")


def _fixed_point(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Returns whole numbers, in float64 because it multiplies faster than int64."""
    return np.rint(values * SCORE_ONE)


def _log_loss(probability: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return -np.log(np.clip(probability, _SMALLEST_PROBABILITY, 1 - _SMALLEST_PROBABILITY))


def _in_top(score: npt.NDArray[np.float64], true: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
    """Whether the true class is among the most probable; of equal ones the first named leads."""
    most_probable = np.argsort(-score, axis=1, kind="stable")[:, :TOP]
    return (most_probable == true[:, np.newaxis]).any(axis=1)


def _scatter(
    totals: npt.NDArray[np.signedinteger],
    rows: npt.NDArray[np.intp],
    values: npt.NDArray[np.int32] | npt.NDArray[np.float64],
    weights: npt.NDArray[np.int32],
    chosen: npt.NDArray[np.bool_] | None = None,
) -> None:
    """Adds `values[i] * weights[case i]` to `totals[rows[i]]`, in place.

    Args:
        totals: [rows, columns].
        rows: [chosen cases].
        values: [chosen cases], whole numbers.
        weights: [cases, columns].
        chosen: [cases], which of the cases `rows` and `values` belong to; None: all.
    """
    per_case = np.ones(len(weights), np.intp) if chosen is None else chosen
    ends = np.append(0, np.cumsum(per_case))
    selection = sparse.csc_array((values, rows, ends), shape=(len(totals), len(weights)))
    totals += (selection @ weights).astype(totals.dtype)
