"""Watches a contrastive training: its loss, and now and then what its embeddings are worth.

Labels serve watching only: nothing that is computed here goes back into the training.
"""

import dataclasses
import logging
import math
import shutil
import time
from pathlib import Path

import keras

from trainer.contrastive_observer import ObservedTraining
from trainer.embedding import Embedder
from trainer.event_files import EventFiles
from trainer.history import ContrastiveRow
from trainer.watch_samples import LabelledFiles, WatchSamples
from trainer.watch_settings import WatchSettings
from trainer.watch_table import WATCH, WatchRow, read_watch_table, write_watch_table

logger = logging.getLogger("micle.contrastive_watch")

TENSORBOARD = "tensorboard"


class ContrastiveWatch:
    """A `ContrastiveObserver` that writes TensorBoard's event files and `watch.csv`.

    Both lie in `tensorboard/` beside the checkpoints, in a folder named as the training, where
    they can be watched and where a training that was stopped finds them again.
    """

    def __init__(self, settings: WatchSettings, labelled: LabelledFiles | None = None) -> None:
        """Remembers what to watch with.

        Args:
            settings: How often, on how many cases.
            labelled: None to do without the measures that need labels.
        """
        self._settings, self._labelled = settings, labelled
        self._recording: _Recording | None = None

    @property
    def rows(self) -> tuple[WatchRow, ...]:
        """The readings of the training so far, those before a stop included."""
        return tuple(self._recording.rows) if self._recording else ()

    def begin(self, training: ObservedTraining) -> None:
        """Draws the samples, and drops records of steps that will be done once more."""
        self._recording = _Recording(training, self._settings, self._labelled)

    def after_step(
        self, step: int, total_steps: int, encoder: keras.Model, measures: ContrastiveRow
    ) -> None:
        """Records a step; measures the embeddings if it is time to."""
        if self._recording is None:
            raise RuntimeError("begin must be called before after_step.")
        self._recording.record(step, total_steps, encoder, measures)

    def write(self, directory: str) -> None:
        """Copies `tensorboard/` and `watch.csv` into a directory."""
        if self._recording is None:
            return
        source = self._recording.close()
        ignored = shutil.ignore_patterns(WATCH)
        shutil.copytree(source, Path(directory, TENSORBOARD), ignore=ignored, dirs_exist_ok=True)
        if self.rows:
            shutil.copy(source / WATCH, directory)


class _Recording:
    """The records of one training."""

    def __init__(
        self, training: ObservedTraining, settings: WatchSettings, labelled: LabelledFiles | None
    ) -> None:
        self._directory = training.directory / TENSORBOARD / training.name
        self._events = EventFiles(self._directory, after_step=training.step)
        earlier = read_watch_table(self._directory / WATCH)
        self.rows = [row for row in earlier if row.step <= training.step]
        self._statistics = training.statistics
        self._embedder: Embedder | None = None
        self._interval = 0
        if settings.every != 0:
            self._samples = WatchSamples(training, settings, labelled)
            self._interval = settings.interval(
                total_steps=training.total_steps,
                batch_size=training.batch_size,
                images_per_reading=self._samples.image_count,
            )

    def record(
        self, step: int, total_steps: int, encoder: keras.Model, measures: ContrastiveRow
    ) -> None:
        values = dataclasses.asdict(measures)
        del values["step"]
        self._events.write(step, {f"training/{name}": v for name, v in values.items()})
        if self._is_time(step, total_steps):
            quality = self._measure(step, total_steps, encoder)
            self._events.write(step, {f"embedding/{name}": v for name, v in quality.items()})
            self.rows.append(WatchRow(step, values | quality))
            write_watch_table(self._directory / WATCH, self.rows)

    def close(self) -> Path:
        """Returns the folder of the records, to which nothing will be added."""
        self._events.close()
        return self._directory

    def _is_time(self, step: int, total_steps: int) -> bool:
        """Steps need not all be reported, so the first one after a multiple counts."""
        if not self._interval:
            return False
        if not self.rows:
            return True
        last = self.rows[-1].step
        passed = step // self._interval > last // self._interval
        return step > last and (passed or step == total_steps)

    def _measure(self, step: int, total_steps: int, encoder: keras.Model) -> dict[str, float]:
        started = time.monotonic()
        if self._embedder is None or self._embedder.encoder is not encoder:
            self._embedder = Embedder(encoder, self._statistics)
        measures = self._samples.measure(self._embedder)
        quality = {name: value for name, value in measures.items() if not math.isnan(value)}
        logger.info(
            "step %d of %d: %s (measured in %.1f s)",
            step,
            total_steps,
            ", ".join(f"{name} {value:.3f}" for name, value in quality.items()),
            time.monotonic() - started,
        )
        return quality
