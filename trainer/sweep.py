"""Tries learning rates and weight decays and keeps the best by validation (paper section 3.3)."""

import csv
import dataclasses
import gc
import hashlib
import json
import logging
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from schemas.case_features import Task
from trainer.checkpoints import fingerprint, name_and_size
from trainer.errors import DivergedError, UserError
from trainer.fine_tuning import FineTuneResult, fine_tune
from trainer.model_selection import is_better
from trainer.progress import logger as progress_logger
from trainer.settings import (
    Distribution,
    EncoderSettings,
    FineTuneSettings,
    SelectionMetric,
    to_json,
)
from trainer.sweep_settings import SweepSettings

SWEEP = "sweep.csv"

logger = logging.getLogger("micle.sweep")

Train = Callable[[FineTuneSettings, str, str], FineTuneResult]
"""From settings, a checkpoint directory and a stage's name to a trained model."""


@dataclass(frozen=True)
class SweepPoint:
    """What came of one learning rate and weight decay.

    Attributes:
        learning_rate: Peak rate.
        weight_decay: Beside it.
        outcome: `finished`, or `diverged`: the loss was not a number any more.
        score: Best value of the selection metric on validation; None if diverged.
        best_epoch: That it was reached in; None if diverged.
        seconds: Of the training; None if diverged.
    """

    learning_rate: float
    weight_decay: float
    outcome: str
    score: float | None = None
    best_epoch: int | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class SweepResult:
    """All points in the order of the grid, the best of them, and its model."""

    points: tuple[SweepPoint, ...]
    best: SweepPoint
    model: FineTuneResult


def fine_tune_sweep(
    train_files: Sequence[str],
    validation_files: Sequence[str],
    *,
    sweep: SweepSettings,
    task: Task,
    classes: Sequence[str],
    encoder_settings: EncoderSettings,
    settings: FineTuneSettings,
    label_fraction: float,
    seed: int,
    checkpoint_directory: str,
    initial_encoder: str | None,
    data_fingerprint: str = "",
    distribution: Distribution = "auto",
) -> SweepResult:
    """Calls `fine_tune` for each point of a sweep, and takes the best by validation only.

    Stopped at any moment, the same call goes on amid the point it was at; finished points are
    not repeated.

    Args:
        train_files: As for `fine_tune`, and so all that is not named here.
        validation_files: Of the cases that decide.
        sweep: The points.
        task: Multi-class or multi-label.
        classes: In the order of the label indices.
        encoder_settings: The network.
        settings: Of each training; the point's rate and decay take the place of theirs.
        label_fraction: Share of the training patients whose labels are used.
        seed: The same for each point.
        checkpoint_directory: Where results and checkpoints go, in a folder named by a
            fingerprint of all other arguments.
        initial_encoder: Directory of an encoder to start from; None for random weights.
        data_fingerprint: Of the data.
        distribution: The devices.

    Returns:
        The points and the best one's model.

    Raises:
        UserError: As `fine_tune`, or every point diverged.
    """
    key = fingerprint(
        [
            task,
            *classes,
            to_json(encoder_settings),
            to_json(replace(settings, learning_rate=1.0, weight_decay=0.0)),
            str(label_fraction),
            str(seed),
            data_fingerprint,
            *(name_and_size(file) for file in [*train_files, *validation_files]),
            *_digests(initial_encoder),
        ]
    )

    def train(point_settings: FineTuneSettings, directory: str, stage: str) -> FineTuneResult:
        return fine_tune(
            train_files,
            validation_files,
            task=task,
            classes=classes,
            encoder_settings=encoder_settings,
            settings=point_settings,
            label_fraction=label_fraction,
            seed=seed,
            checkpoint_directory=directory,
            initial_encoder=initial_encoder,
            data_fingerprint=data_fingerprint,
            stage=stage,
            distribution=distribution,
        )

    return run_sweep(train, settings, sweep, str(Path(checkpoint_directory, f"sweep-{key}")))


def _digests(encoder: str | None) -> list[str]:
    files = sorted(Path(encoder).glob("*")) if encoder else []
    return [f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in files]


def run_sweep(
    train: Train, settings: FineTuneSettings, sweep: SweepSettings, directory: str
) -> SweepResult:
    """Trains the points one after the other; `directory` holds results and checkpoints.

    Each point has a folder for its checkpoints and a file for its result, which appears when it
    is complete. Of the finished points only the best keeps its checkpoints.

    Raises:
        UserError: Every point diverged.
    """
    grid = sweep.points()
    points: list[SweepPoint] = []
    best: SweepPoint | None = None
    for number, (learning_rate, weight_decay) in enumerate(grid, start=1):
        point_settings = replace(settings, learning_rate=learning_rate, weight_decay=weight_decay)
        place = _place(directory, learning_rate, weight_decay)
        point = _read_result(place)
        if point is None:
            progress_logger.info(
                "sweep, point %d of %d: learning_rate %g, weight_decay %g",
                number,
                len(grid),
                learning_rate,
                weight_decay,
            )
            stage = f"fine-tuning, point {number} of {len(grid)}"
            point = _train_point(train, point_settings, place, stage)
            _write_result(place, point)
        points.append(point)
        best = _best(settings.selection_metric, points)
        _remove_checkpoints_but(directory, points, best)
    if best is None:
        raise UserError(
            f"Each of the {len(grid)} points of fine_tuning.sweep diverged. Give lower "
            "learning_rates, or raise warmup_fraction."
        )
    best_settings = replace(
        settings, learning_rate=best.learning_rate, weight_decay=best.weight_decay
    )
    place = _place(directory, best.learning_rate, best.weight_decay)
    # Its checkpoint stands at its end, so that nothing is trained again.
    model = train(best_settings, str(place), "fine-tuning, the best point")
    return SweepResult(tuple(points), best, model)


def _train_point(train: Train, settings: FineTuneSettings, place: Path, stage: str) -> SweepPoint:
    rate, decay = settings.learning_rate, settings.weight_decay
    try:
        result = train(settings, str(place), stage)
    except DivergedError as error:
        logger.info("%s diverged: %s", stage, error)
        return SweepPoint(rate, decay, "diverged")
    point = SweepPoint(
        rate, decay, "finished", result.selection_score, result.best_epoch, result.seconds
    )
    del result
    # Networks hold cycles; without this, those of several points would share the device's memory.
    gc.collect()
    return point


def _best(metric: SelectionMetric, points: Sequence[SweepPoint]) -> SweepPoint | None:
    """Returns the best finished point; of equal ones the first."""
    best: SweepPoint | None = None
    for point in points:
        best_score = best.score if best else None
        if point.score is not None and is_better(metric, point.score, best_score):
            best = point
    return best


def _place(directory: str, learning_rate: float, weight_decay: float) -> Path:
    return Path(directory, f"learning-rate-{learning_rate!r}-weight-decay-{weight_decay!r}")


def _result_file(place: Path) -> Path:
    return place.with_name(f"{place.name}.json")


def _read_result(place: Path) -> SweepPoint | None:
    """Returns what a finished point left; None if it is to be trained."""
    try:
        return SweepPoint(**json.loads(_result_file(place).read_text()))
    except FileNotFoundError:
        return None


def _write_result(place: Path, point: SweepPoint) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    file = _result_file(place)
    unfinished = file.with_suffix(".unfinished")
    with unfinished.open("w") as stream:
        json.dump(dataclasses.asdict(point), stream)
        stream.flush()
        os.fsync(stream.fileno())
    unfinished.replace(file)


def _remove_checkpoints_but(
    directory: str, points: Sequence[SweepPoint], best: SweepPoint | None
) -> None:
    for point in points:
        if point is not best:
            place = _place(directory, point.learning_rate, point.weight_decay)
            shutil.rmtree(place, ignore_errors=True)


def write_sweep(directory: str, result: SweepResult) -> None:
    """Writes `sweep.csv`: a line for each point, the best one marked, under a header."""
    names = [field.name for field in dataclasses.fields(SweepPoint)]
    with Path(directory, SWEEP).open("w", newline="") as file:
        writer = csv.DictWriter(file, [*names, "chosen"])
        writer.writeheader()
        for point in result.points:
            chosen = "yes" if point is result.best else "no"
            writer.writerow({**dataclasses.asdict(point), "chosen": chosen})
