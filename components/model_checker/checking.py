"""The check of a model, finding by finding."""

import dataclasses
from pathlib import Path

import numpy as np
import numpy.typing as npt

from components.model_checker.canary import Canary
from components.model_checker.fresh_process import FreshProcessError, score_in_fresh_process
from components.model_checker.model_check import ModelCheck
from components.model_checker.served_scores import ServingError, score_through_serving
from components.model_checker.settings import ModelCheckSettings

_NO_AGREEMENT = 1.0
"""Difference of a score that is no number, or of answers of another shape: the largest there is."""


def check_model(saved_model: str, canary: Canary, settings: ModelCheckSettings) -> ModelCheck:
    """Returns what can be said about a model as it would be served; never raises for its faults.

    Args:
        saved_model: Directory of the SavedModel.
        canary: Cases with the scores that were evaluated.
        settings: How to check.
    """
    check = ModelCheck(cases=len(canary.cases), size_mb=size_mb(Path(saved_model)))
    try:
        fresh = score_in_fresh_process(saved_model, canary.cases, settings.process_seconds)
    except FreshProcessError as error:
        return dataclasses.replace(check, problem=str(error))
    check = dataclasses.replace(
        check,
        score_difference=max(
            largest_difference(scores, canary.scores) for scores in (fresh.alone, fresh.together)
        ),
        latency_ms=float(np.median(fresh.milliseconds)),
    )
    if settings.serving_endpoint is None or settings.serving_directory is None:
        return check
    try:
        served = score_through_serving(
            settings.serving_endpoint,
            Path(settings.serving_directory),
            Path(saved_model),
            canary.cases,
            settings.serving_seconds,
        )
    except ServingError as error:
        return dataclasses.replace(check, serving_problem=str(error))
    return dataclasses.replace(check, serving_difference=largest_difference(served, canary.scores))


def largest_difference(scores: npt.NDArray[np.float64], expected: npt.NDArray[np.float64]) -> float:
    """Returns the largest absolute difference; 1 where there is a NaN or the shapes differ."""
    if scores.shape != expected.shape or not np.isfinite(scores).all():
        return _NO_AGREEMENT
    return float(np.abs(scores - expected).max())


def size_mb(directory: Path) -> float:
    """Returns the size of all files in a directory, in 10^6 bytes."""
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file()) / 1e6
