"""The TFMA metric that streams cases into patient-resampled estimates.

TFMA's own intervals resample cases 20 times and assume a t distribution; cases of one patient are
correlated, which makes them too narrow. Here one combiner per slice keeps everything needed.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import apache_beam as beam
import numpy as np
import numpy.typing as npt
import tensorflow_model_analysis as tfma

from components.case_predictor.predictions import LABEL_WEIGHT, PATIENT_ID
from components.site_evaluator.case_records import pack_case, record_type, unpack_cases
from components.site_evaluator.counts import Counts, Edges, distinct_scores, logit_grid
from components.site_evaluator.estimates import slice_metrics
from components.site_evaluator.metric_values import to_metric_values
from components.site_evaluator.sufficiency import SampleLimits
from schemas.case_features import Task

EXACT_SCORES = 40_960
"""Slices with up to so many scores (cases times classes: 8192 cases of 5) have exact AUCs.

Larger ones count scores in 1024 bins: within 0.001, unless a barely trained model gives all cases
nearly the same score (standard deviation of the logits below 0.2).
"""

BUFFERED_CASES = 16_384
"""An accumulator keeps so many cases as they are: for long they are smaller than histograms."""


class PatientResampledMetrics(tfma.metrics.Metric):
    """All metrics of an evaluation, per class and per slice, with replicates over patients.

    Named in a TFMA `MetricConfig` by this module and class; `metric_values` says under which
    keys the results are stored. Memory per slice is bounded: at most `BUFFERED_CASES` cases of
    some dozen bytes each, and histograms.
    """

    def __init__(
        self,
        task: Task,
        classes: Sequence[str],
        operating_point: Mapping[str, float],
        seed: int,
        limits: Mapping[str, int],
        name: str = "patient_resampled_metrics",
    ) -> None:
        """Sets up the metric; the arguments are its JSON configuration.

        Args:
            task: Multi-class or multi-label.
            classes: Class names in the order of the score vector.
            operating_point: Per class, the probability at and above which a case is positive.
            seed: Of the bootstrap, 0 or more.
            limits: Fields of `SampleLimits`: with fewer cases a class is in no mean.
            name: For TFMA.
        """
        super().__init__(
            _computations,
            task=task,
            classes=list(classes),
            operating_point=dict(operating_point),
            seed=seed,
            limits=dict(limits),
            name=name,
        )


def _computations(
    task: Task,
    classes: Sequence[str],
    operating_point: Mapping[str, float],
    seed: int,
    limits: Mapping[str, int],
    name: str,
) -> list[tfma.metrics.MetricComputation]:
    combiner = CaseCombiner(task, tuple(classes), operating_point, seed, SampleLimits(**limits))
    # The keys are known only once a slice is combined; TFMA then tells computations by combiner.
    return [tfma.metrics.MetricComputation([], [CasePreprocessor(name)], combiner)]


class CasePreprocessor(tfma.metrics.Preprocessor):
    """Packs a case once, before it is fanned out to its slices."""

    def process(self, extracts: Mapping[str, Any]) -> Iterator[bytes]:
        """Yields the packed case (see `case_records`)."""
        features = extracts[tfma.FEATURES_KEY]
        yield pack_case(
            patient_id=np.ravel(features[PATIENT_ID])[0],
            label=np.ravel(extracts[tfma.LABELS_KEY]),
            label_weight=np.ravel(features[LABEL_WEIGHT]),
            score=np.ravel(extracts[tfma.PREDICTIONS_KEY]),
        )


@dataclass
class CaseAccumulator:
    """Cases of a slice, as they are, or counted once they are too many.

    Attributes:
        buffer: Packed cases not yet counted.
        counts: Of the cases counted so far; None while all are in the buffer.
    """

    buffer: bytearray = field(default_factory=bytearray)
    counts: Counts | None = None


class CaseCombiner(beam.CombineFn):
    """Combines the packed cases of a slice into TFMA metric values."""

    def __init__(
        self,
        task: Task,
        classes: tuple[str, ...],
        operating_point: Mapping[str, float],
        seed: int,
        limits: SampleLimits,
    ) -> None:
        self._multi_class = task == "multi_class"
        self._classes = classes
        self._thresholds = np.array([operating_point[name] for name in classes], np.float64)
        self._seed = seed
        self._limits = limits
        self._buffer_bytes = BUFFERED_CASES * record_type(len(classes)).itemsize

    def create_accumulator(self) -> CaseAccumulator:
        """Returns an empty accumulator."""
        return CaseAccumulator()

    def add_input(self, accumulator: CaseAccumulator, element: bytes) -> CaseAccumulator:
        """Adds one packed case."""
        accumulator.buffer += element
        return self._count_if_full(accumulator)

    def merge_accumulators(self, accumulators: Iterable[CaseAccumulator]) -> CaseAccumulator:
        """Joins the cases of several accumulators."""
        merged = CaseAccumulator()
        for accumulator in accumulators:
            merged.buffer += accumulator.buffer
            if merged.counts is None:
                merged.counts = accumulator.counts
            elif accumulator.counts is not None:
                merged.counts.merge(accumulator.counts)
            merged = self._count_if_full(merged)
        return merged

    def extract_output(
        self, accumulator: CaseAccumulator
    ) -> dict[tfma.metrics.MetricKey, float | npt.NDArray]:
        """Returns the slice's metrics under their TFMA keys."""
        cases = unpack_cases(accumulator.buffer, len(self._classes))
        counts = accumulator.counts or self._empty_counts(self._edges(cases))
        counts.add(cases, self._seed)
        return to_metric_values(slice_metrics(counts, self._classes, self._limits))

    def _count_if_full(self, accumulator: CaseAccumulator) -> CaseAccumulator:
        if len(accumulator.buffer) <= self._buffer_bytes:
            return accumulator
        counts = accumulator.counts or self._empty_counts(self._grid())
        counts.add(unpack_cases(accumulator.buffer, len(self._classes)), self._seed)
        return CaseAccumulator(counts=counts)

    def _edges(self, cases: npt.NDArray[np.void]) -> tuple[Edges, ...]:
        if cases["score"].size > EXACT_SCORES:
            return self._grid()
        return tuple(
            distinct_scores(cases["score"][:, index]) for index in range(len(self._classes))
        )

    def _grid(self) -> tuple[Edges, ...]:
        return (logit_grid(),) * len(self._classes)

    def _empty_counts(self, edges: tuple[Edges, ...]) -> Counts:
        return Counts.empty(edges, self._thresholds, self._multi_class)
