"""The TFMA metric that streams cases of two models into what changes from one to the other."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import apache_beam as beam
import numpy as np
import numpy.typing as npt
import tensorflow_model_analysis as tfma

from components.case_predictor.predictions import LABEL_WEIGHT, PATIENT_ID
from components.site_evaluator.metric_values import reclassified_values
from components.site_evaluator.paired_predictions import CANDIDATE_SCORE
from components.site_evaluator.reclassification import Reclassification, ReclassificationSums
from components.site_evaluator.resampling import patient_key
from schemas.case_features import Task

BUFFERED_CASES = 4096
"""An accumulator counts so many cases at a time, which is faster than one by one."""


class PatientResampledReclassification(tfma.metrics.Metric):
    """Cases of each class that a candidate newly finds, misses, marks falsely or clears.

    Named in a TFMA `MetricConfig` by this module and class. Memory per slice is bounded: sums, and
    at most `BUFFERED_CASES` cases of some dozen bytes each.
    """

    def __init__(
        self,
        task: Task,
        classes: Sequence[str],
        operating_point: Mapping[str, float],
        candidate_operating_point: Mapping[str, float],
        seed: int,
        name: str = "patient_resampled_reclassification",
    ) -> None:
        """Sets up the metric; the arguments are its JSON configuration.

        Args:
            task: Multi-class or multi-label.
            classes: Class names in the order of the score vectors.
            operating_point: Per class, of the model that is evaluated.
            candidate_operating_point: Per class, of the candidate.
            seed: Of the bootstrap, 0 or more.
            name: For TFMA.
        """
        super().__init__(
            _computations,
            task=task,
            classes=list(classes),
            operating_point=dict(operating_point),
            candidate_operating_point=dict(candidate_operating_point),
            seed=seed,
            name=name,
        )


def _computations(
    task: Task,
    classes: Sequence[str],
    operating_point: Mapping[str, float],
    candidate_operating_point: Mapping[str, float],
    seed: int,
    name: str,
) -> list[tfma.metrics.MetricComputation]:
    points = (operating_point, candidate_operating_point)
    thresholds = np.array([[point[single] for single in classes] for point in points], np.float64)
    way = Reclassification(thresholds, task == "multi_class")
    combiner = ReclassificationCombiner(way, tuple(classes), seed)
    return [tfma.metrics.MetricComputation([], [PairPreprocessor(way, name)], combiner)]


class PairPreprocessor(tfma.metrics.Preprocessor):
    """Packs what both models name in a case, once, before it is fanned out to its slices."""

    def __init__(self, way: Reclassification, name: str) -> None:
        super().__init__(name)
        self._way = way

    def process(self, extracts: Mapping[str, Any]) -> Iterator[bytes]:
        """Yields the packed case; none of one without a known label."""
        features = extracts[tfma.FEATURES_KEY]
        known = np.ravel(features[LABEL_WEIGHT]) > 0
        if not known.any():
            return
        case = np.empty(1, self._way.record_type)
        case["patient"] = patient_key(np.ravel(features[PATIENT_ID])[0])
        case["known"] = known
        case["present"] = np.ravel(extracts[tfma.LABELS_KEY]) > 0.5
        scores = (extracts[tfma.PREDICTIONS_KEY], features[CANDIDATE_SCORE])
        case["named"] = self._way.named(np.stack([np.ravel(single) for single in scores]))
        yield case.tobytes()


@dataclass
class PairAccumulator:
    """Sums over a slice, and packed cases not yet counted."""

    sums: ReclassificationSums
    buffer: bytearray = field(default_factory=bytearray)


class ReclassificationCombiner(beam.CombineFn):
    """Combines the packed cases of a slice into TFMA metric values."""

    def __init__(self, way: Reclassification, classes: tuple[str, ...], seed: int) -> None:
        self._way = way
        self._classes = classes
        self._seed = seed
        self._buffer_bytes = BUFFERED_CASES * way.record_type.itemsize

    def create_accumulator(self) -> PairAccumulator:
        """Returns an empty accumulator."""
        return PairAccumulator(self._way.empty())

    def add_input(self, accumulator: PairAccumulator, element: bytes) -> PairAccumulator:
        """Adds one packed case."""
        accumulator.buffer += element
        if len(accumulator.buffer) >= self._buffer_bytes:
            self._count(accumulator)
        return accumulator

    def merge_accumulators(self, accumulators: Iterable[PairAccumulator]) -> PairAccumulator:
        """Joins the cases of several accumulators."""
        merged = self.create_accumulator()
        for accumulator in accumulators:
            self._count(accumulator)
            merged.sums.merge(accumulator.sums)
        return merged

    def extract_output(
        self, accumulator: PairAccumulator
    ) -> dict[tfma.metrics.MetricKey, float | npt.NDArray]:
        """Returns what the candidate changes in the slice, under TFMA keys."""
        self._count(accumulator)
        return reclassified_values(accumulator.sums.results(self._way.criteria, self._classes))

    def _count(self, accumulator: PairAccumulator) -> None:
        if not accumulator.buffer:
            return
        cases = np.frombuffer(bytes(accumulator.buffer), self._way.record_type)
        accumulator.sums.add(cases, self._seed)
        accumulator.buffer = bytearray()
