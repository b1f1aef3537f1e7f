"""What a watched training is measured on: pairs of views, and labelled cases."""

import dataclasses
import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from schemas.case_features import Task
from trainer.augmentation import augment
from trainer.case_records import to_unit_range
from trainer.case_sample import CaseSample, draw_case_sample
from trainer.contrastive_observer import ObservedTraining
from trainer.embedding import Embedder
from trainer.embedding_quality import LabelledFeatures, label_quality, pair_quality
from trainer.pair_dataset import pair_batches
from trainer.watch_settings import WatchSettings

logger = logging.getLogger("micle.watch_samples")

PAIRS = 256
_PAIRS_AT_A_TIME = 32
_SEED_OF_VIEWS = 1


@dataclass(frozen=True)
class LabelledFiles:
    """Labelled transformed cases to watch with; no training uses their labels.

    Attributes:
        train: Record files of the training split.
        validation: Record files of the validation split.
        task: Multi-class or multi-label.
        class_count: Classes or findings.
    """

    train: Sequence[str]
    validation: Sequence[str]
    task: Task
    class_count: int


class WatchSamples:
    """Samples that stay the same for all readings of a training, stopped or not."""

    def __init__(
        self, training: ObservedTraining, settings: WatchSettings, labelled: LabelledFiles | None
    ) -> None:
        """Draws them.

        Args:
            training: What is watched.
            settings: The size of the samples of cases.
            labelled: None to measure pairs of views alone.
        """
        self._views = _draw_views(training)
        self._cases: tuple[CaseSample, CaseSample] | None = None
        if labelled is None:
            return
        self._task: Task = labelled.task
        train, validation = (
            draw_case_sample(
                files,
                task=labelled.task,
                class_count=labelled.class_count,
                cases=cases,
                seed=training.seed,
            )
            for files, cases in (
                (labelled.train, settings.train_cases),
                (labelled.validation, settings.validation_cases),
            )
        )
        if train.images and validation.images:
            self._cases = train, validation
        else:
            logger.info("no labelled case to watch with: alignment and uniformity alone")

    @property
    def image_count(self) -> int:
        """Images that one reading embeds."""
        cases = self._cases or ()
        return 2 * len(self._views) + sum(len(sample.images) for sample in cases)

    def measure(self, embedder: Embedder) -> dict[str, float]:
        """Embeds the samples and returns the measures by name; NaN where there is none."""
        first = embedder.images(self._views[:, 0])
        second = embedder.images(self._views[:, 1])
        measures = dataclasses.asdict(pair_quality(first, second))
        if self._cases is not None:
            train, validation = (_embed(embedder, sample) for sample in self._cases)
            measures |= dataclasses.asdict(label_quality(train, validation, self._task))
        return measures


def _draw_views(training: ObservedTraining) -> npt.NDArray[np.uint8]:
    """Returns uint8 [pairs, 2, side, side, 3]: pairs as the training augments them."""
    batch_size = min(_PAIRS_AT_A_TIME, training.pairs.entries[0])
    pairs = pair_batches(
        training.pairs,
        epochs=1,
        batch_size=batch_size,
        image_size=training.statistics.image_size,
        seed=training.seed,
    )
    batches = []
    for number, (images, _) in enumerate(pairs.take(PAIRS // batch_size)):
        views = to_unit_range(tf.concat([images[:, 0], images[:, 1]], axis=0))
        seed = tf.constant([training.seed, _SEED_OF_VIEWS + number], tf.int64)
        first, second = tf.split(augment(views, training.augmentation, seed), 2)
        batch = tf.stack([first, second], axis=1)
        batches.append(tf.cast(tf.round(batch * 255), tf.uint8).numpy())
    return np.concatenate(batches)


def _embed(embedder: Embedder, sample: CaseSample) -> LabelledFeatures:
    """Averages the features of each case's images, as the classifier does."""
    features = embedder.encoded(sample.images)
    cases = len(sample.targets)
    sums = np.zeros((cases, features.shape[1]))
    np.add.at(sums, sample.case_index, features)
    counts = np.bincount(sample.case_index, minlength=cases)[:, np.newaxis]
    return LabelledFeatures(sums / counts, sample.targets, sample.weights)
