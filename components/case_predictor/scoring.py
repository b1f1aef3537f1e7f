"""Scores serialized cases with a SavedModel's serving signature, batch by batch."""

import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from schemas import case_features
from trainer import progress

T = TypeVar("T")


class CaseScorer:
    """A loaded model that scores batches of serialized raw case examples."""

    def __init__(self, saved_model: str) -> None:
        # The signature keeps no reference to the object it came from.
        self._model = tf.saved_model.load(saved_model)
        self._serve = self._model.signatures["serving_default"]

    def score(self, serialized: list[bytes]) -> npt.NDArray[np.float32]:
        """Returns float32 [cases, classes]."""
        return self._serve(examples=tf.constant(serialized, tf.string))["scores"].numpy()


def score_cases(
    scorer: CaseScorer,
    cases: Iterable[T],
    serialize: Callable[[T], bytes],
    total: int,
    batch_size: int,
) -> Iterator[tuple[T, npt.NDArray[np.float32]]]:
    """Yields each case with its scores, in order; reports progress.

    Args:
        scorer: The model.
        cases: In any form.
        serialize: From that form to a serialized raw case example.
        total: Number of cases, for the progress.
        batch_size: Cases scored at a time.
    """
    iterator = iter(cases)
    done = 0
    start = time.monotonic()
    while batch := list(islice(iterator, batch_size)):
        yield from zip(batch, scorer.score([serialize(case) for case in batch]), strict=True)
        done += len(batch)
        rate = done / max(time.monotonic() - start, 1e-6)
        progress.report(progress.Progress("scoring", done, total, "cases", rate))


def nameless_case(images: list[bytes]) -> bytes:
    """Returns a serialized raw case example that holds images and nothing about their patient."""
    case = tf.train.Example()
    for name in ("CASE_ID", "PATIENT_ID", "SITE", "SEX", "AGE_GROUP"):
        feature = case.features.feature[getattr(case_features, name)]
        feature.bytes_list.value.append(case_features.UNKNOWN.encode())
    case.features.feature[case_features.IMAGE].bytes_list.value.extend(images)
    views = [case_features.UNKNOWN.encode()] * len(images)
    case.features.feature[case_features.VIEW].bytes_list.value.extend(views)
    return case.SerializeToString(deterministic=True)
