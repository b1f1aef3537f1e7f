"""What watches a contrastive training without taking part in it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import keras

from trainer.case_records import PixelStatistics
from trainer.history import ContrastiveRow
from trainer.pair_dataset import PairEpochs
from trainer.settings import AugmentationSettings


@dataclass(frozen=True)
class ObservedTraining:
    """A training that is about to begin, or to go on.

    Attributes:
        name: Tells it from all other trainings; the same when it goes on after a stop.
        directory: Where the checkpoints of all trainings are, for what must outlive a stop.
        step: Steps done before.
        total_steps: Of the whole training.
        batch_size: Pairs per step.
        statistics: By which the encoder's pixels are normalised.
        pairs: What it trains on.
        augmentation: Of its views.
        seed: Of the training.
    """

    name: str
    directory: Path
    step: int
    total_steps: int
    batch_size: int
    statistics: PixelStatistics
    pairs: PairEpochs
    augmentation: AugmentationSettings
    seed: int


class ContrastiveObserver(Protocol):
    """Is shown a training; must leave the encoder and every random state as they are."""

    def begin(self, training: ObservedTraining) -> None:
        """Called once, before the first step of this run."""

    def after_step(
        self, step: int, total_steps: int, encoder: keras.Model, measures: ContrastiveRow
    ) -> None:
        """Called after each step whose measures were read, and after the last one.

        Args:
            step: Steps done.
            total_steps: Of the whole training.
            encoder: In training; with the weights after this step.
            measures: Of this step.
        """
