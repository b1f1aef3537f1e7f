"""Batches of labelled cases, each with all or some of its images."""

import contextlib
import math
import tempfile
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import tensorflow as tf

from schemas.case_features import CASE_ID, IMAGE, PATIENT_ID, Task
from trainer.case_labels import label_features, targets_and_weights
from trainer.case_records import (
    COMPRESSION,
    cores,
    decode_image,
    deterministic,
    shuffle,
    shuffled_files,
)
from trainer.distribution import WHOLE_BATCH, ReplicaShare

SHUFFLE_BUFFER = 1024
"""Encoded cases held for shuffling; bounds memory whatever the data set's size."""


class CaseBatch(NamedTuple):
    """Cases with their images laid end to end.

    Attributes:
        images: uint8 [images, side, side, 3].
        case_index: int64 [images], ascending: the case of each image, within the batch.
        targets: float32 [cases, classes].
        weights: float32 [cases, classes].
    """

    images: tf.Tensor
    case_index: tf.Tensor
    targets: tf.Tensor
    weights: tf.Tensor


def batch_signature(image_size: int, class_count: int) -> CaseBatch:
    """Returns the `tf.TensorSpec` of each member, open in the numbers of images and cases.

    A function with this signature is traced once: a graph traced for one size and another for
    any size may differ in the last bit.
    """
    return CaseBatch(
        images=tf.TensorSpec([None, image_size, image_size, 3], tf.uint8),
        case_index=tf.TensorSpec([None], tf.int64),
        targets=tf.TensorSpec([None, class_count], tf.float32),
        weights=tf.TensorSpec([None, class_count], tf.float32),
    )


class CaseReader:
    """Reads the labelled cases of some files."""

    def __init__(
        self, files: Sequence[str], *, task: Task, class_count: int, image_size: int
    ) -> None:
        """Remembers what to read.

        Args:
            files: Records of transformed cases.
            task: Multi-class or multi-label.
            class_count: Classes or findings.
            image_size: Side of the images.
        """
        self._files = sorted(files)
        self._task: Task = task
        self._class_count = class_count
        self._image_size = image_size
        self._label_features = label_features(task, class_count)

    @contextlib.contextmanager
    def narrowed(self, patients: frozenset[bytes]) -> Iterator["CaseReader"]:
        """Yields a reader of temporary copies of the labelled cases of some patients alone.

        Where few of many cases are used, an epoch then reads no others. It is file by file, so
        that the batches are the same as those of this reader.
        """
        is_chosen = self._chooser(patients)
        with tempfile.TemporaryDirectory() as directory:
            copies = [f"{directory}/{number:06d}.gz" for number in range(len(self._files))]
            for file, copy in zip(self._files, copies, strict=True):
                records = tf.data.TFRecordDataset(file, COMPRESSION).filter(is_chosen)
                with tf.io.TFRecordWriter(copy, COMPRESSION) as writer:
                    for record in records.as_numpy_iterator():
                        writer.write(record)
            yield CaseReader(
                copies,
                task=self._task,
                class_count=self._class_count,
                image_size=self._image_size,
            )

    def evaluation_batches(self, batch_size: int) -> tf.data.Dataset:
        """Streams each labelled case once, in the files' order, with all its images."""
        records = tf.data.TFRecordDataset(self._files, COMPRESSION).filter(self._is_labelled)
        return self._batches(records.map(self._parse), batch_size, WHOLE_BATCH)

    def training_batches(
        self,
        patients: frozenset[bytes],
        *,
        cases: int,
        batch_size: int,
        max_images_per_case: int,
        epochs: int,
        seed: int,
        start_step: int = 0,
        share: ReplicaShare = WHOLE_BATCH,
    ) -> tf.data.Dataset:
        """Streams shuffled batches, epoch after epoch, from any step on.

        The stream from `start_step` is the tail of the stream from 0, and depends on nothing
        but the arguments. Every case comes once an epoch; the batches of an epoch differ in
        size by less than their number, so that no batch is a small remainder.

        Args:
            patients: Whose labelled cases to use.
            cases: Number of these cases.
            batch_size: Most cases per batch.
            max_images_per_case: At most so many images of a case, drawn anew each epoch.
            epochs: Number of epochs.
            seed: Of the order and of the images drawn.
            start_step: Steps already done.
            share: Each batch's cases are split evenly among the replicas, a case's images
                together. The parts of these replicas are streamed, one after the other.

        Returns:
            A data set of `CaseBatch`.
        """
        steps = steps_per_epoch(cases, batch_size)
        even_batch_size = math.ceil(cases / steps)
        start_epoch, skipped_steps = divmod(start_step, steps)

        def parse(seed: tf.Tensor, serialised: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
            images, targets, weights = self._parse(serialised)
            images = tf.random.experimental.stateless_shuffle(images, seed)
            return images[:max_images_per_case], targets, weights

        def batches_of(epoch: tf.Tensor) -> tf.data.Dataset:
            epoch_seed = _epoch_seed(seed, epoch)
            records = self._training_records(patients, epoch_seed)
            done = tf.where(epoch == start_epoch, tf.constant(skipped_steps, tf.int64), 0)
            numbered = records.enumerate().skip(done * even_batch_size)
            seeded = numbered.map(
                lambda number, serialised: (tf.random.fold_in(epoch_seed, number), serialised)
            )
            return self._batches(seeded.map(parse), even_batch_size, share)

        return deterministic(tf.data.Dataset.range(start_epoch, epochs).flat_map(batches_of))

    def case_ids_of_step(
        self, patients: frozenset[bytes], *, cases: int, batch_size: int, seed: int, step: int
    ) -> tuple[str, ...]:
        """Returns the pseudonyms of the cases in the training batch of a step, counted from 0."""
        steps = steps_per_epoch(cases, batch_size)
        even_batch_size = math.ceil(cases / steps)
        epoch, position = divmod(step, steps)
        records = self._training_records(patients, _epoch_seed(seed, tf.constant(epoch, tf.int64)))
        feature = {CASE_ID: tf.io.FixedLenFeature([], tf.string)}
        return tuple(
            tf.io.parse_single_example(serialised, feature)[CASE_ID].numpy().decode()
            for serialised in records.skip(position * even_batch_size).take(even_batch_size)
        )

    def _training_records(
        self, patients: frozenset[bytes], epoch_seed: tf.Tensor
    ) -> tf.data.Dataset:
        """Returns the serialised labelled cases of some patients, in an epoch's order."""
        records = shuffled_files(tf.constant(self._files), epoch_seed)
        return shuffle(records.filter(self._chooser(patients)), SHUFFLE_BUFFER, epoch_seed)

    def _chooser(self, patients: frozenset[bytes]) -> Callable[[tf.Tensor], tf.Tensor]:
        """Returns what says of a serialised case whether it is a labelled one of the patients."""
        chosen = _set_of(patients)

        def is_chosen(serialised: tf.Tensor) -> tf.Tensor:
            feature = {PATIENT_ID: tf.io.FixedLenFeature([], tf.string)}
            patient = tf.io.parse_single_example(serialised, feature)[PATIENT_ID]
            return self._is_labelled(serialised) & chosen.lookup(patient)

        return is_chosen

    def _is_labelled(self, serialised: tf.Tensor) -> tf.Tensor:
        features = tf.io.parse_single_example(serialised, self._label_features)
        _, weights = targets_and_weights(features, self._task, self._class_count)
        return tf.reduce_any(weights > 0)

    def _parse(self, serialised: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Returns a case's encoded images [images], targets and weights."""
        features = tf.io.parse_single_example(
            serialised, {IMAGE: tf.io.RaggedFeature(tf.string), **self._label_features}
        )
        targets, weights = targets_and_weights(features, self._task, self._class_count)
        return features[IMAGE], targets, weights

    def _batches(
        self, cases: tf.data.Dataset, batch_size: int, share: ReplicaShare
    ) -> tf.data.Dataset:
        signature = tf.TensorSpec([self._image_size, self._image_size, 3], tf.uint8)

        def parts(
            images: tf.RaggedTensor, targets: tf.Tensor, weights: tf.Tensor
        ) -> tf.data.Dataset:
            count = tf.shape(targets, tf.int64)[0]

            def part(replica: tf.Tensor) -> tuple[tf.RaggedTensor, tf.Tensor, tf.Tensor]:
                start = replica * count // share.count
                stop = (replica + 1) * count // share.count
                return images[start:stop], targets[start:stop], weights[start:stop]

            return tf.data.Dataset.range(share.first, share.first + share.local).map(part)

        def decode(images: tf.RaggedTensor, targets: tf.Tensor, weights: tf.Tensor) -> CaseBatch:
            decoded = tf.map_fn(decode_image, images.values, fn_output_signature=signature)
            return CaseBatch(decoded, images.value_rowids(), targets, weights)

        return deterministic(
            cases.ragged_batch(batch_size).flat_map(parts).map(decode, num_parallel_calls=cores())
        )


def _epoch_seed(seed: int, epoch: tf.Tensor) -> tf.Tensor:
    return tf.random.fold_in(tf.constant([seed, 1], tf.int64), epoch)


def steps_per_epoch(cases: int, batch_size: int) -> int:
    """Returns how many batches of at most `batch_size` hold all cases."""
    return math.ceil(cases / batch_size)


def _set_of(patients: frozenset[bytes]) -> tf.lookup.StaticHashTable:
    keys = tf.constant(sorted(patients), tf.string)
    values = tf.ones([len(patients)], tf.bool)
    return tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer(keys, values), default_value=False
    )
