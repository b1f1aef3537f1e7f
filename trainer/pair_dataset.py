"""Batches of positive pairs for contrastive pretraining."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tensorflow as tf

from schemas.case_features import CASE_ID, IMAGE, PATIENT_ID
from trainer.case_records import (
    COMPRESSION,
    cores,
    decode_image,
    deterministic,
    mixed,
    shuffle,
    shuffled_files,
)
from trainer.distribution import WHOLE_BATCH, ReplicaShare
from trainer.errors import UserError

PairSource = Literal["images", "pairs"]
"""`images`: both views of each image of a case (SimCLR); `pairs`: pair examples (MICLe)."""

SHUFFLE_BUFFER = 4096
"""Encoded images or pairs held for shuffling; bounds memory whatever the data set's size."""

_ROUND = re.compile(r"-round-(\d+)-")
_EVERY_ROUND = "-every-round-"
_COUNTING_BATCH = 256
_PATIENT_HASHES = 2**48


@dataclass(frozen=True)
class PairEpochs:
    """Where the pairs of each epoch are.

    Attributes:
        source: What the records are.
        rounds: Files of each round; epoch e reads round e modulo their number. Images have one.
        entries: Pairs in each round.
        in_every_round: Files that belong to each round besides.
        entries_in_every_round: Pairs in these, which `entries` counts too.
    """

    source: PairSource
    rounds: tuple[tuple[str, ...], ...]
    entries: tuple[int, ...]
    in_every_round: tuple[str, ...] = ()
    entries_in_every_round: int = 0

    def steps(self, epoch: int, batch_size: int) -> int:
        """Full batches of an epoch; what is left over differs from epoch to epoch."""
        return self.entries[epoch % len(self.rounds)] // batch_size

    def position(self, step: int, batch_size: int) -> tuple[int, int]:
        """Returns the epoch that a step, counted from 0, falls into, and its number there."""
        epoch = 0
        while step >= self.steps(epoch, batch_size):
            step -= self.steps(epoch, batch_size)
            epoch += 1
        return epoch, step


def find_pairs(files: Sequence[str], source: PairSource) -> PairEpochs:
    """Groups files by round and counts their pairs; reads every file once.

    Raises:
        UserError: A pair file's name has no round.
    """
    if source == "images":
        images = tuple(sorted(files))
        return PairEpochs(source, (images,), (_count(images, source),))
    always = tuple(file for file in sorted(files) if _EVERY_ROUND in Path(file).name)
    rounds = _by_round(sorted(set(files).difference(always)))
    in_every_round = _count(always, source)
    entries = tuple(in_every_round + _count(files_of_round, source) for files_of_round in rounds)
    return PairEpochs(source, rounds, entries, always, in_every_round)


def _by_round(files: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    rounds: dict[int, list[str]] = {}
    for file in files:
        match = _ROUND.search(Path(file).name)
        if match is None:
            raise UserError(
                f"{Path(file).name}: a pair file's name must hold its round, as in "
                "pairs-round-00000-00000-of-00001.gz. Give the output of PairBuilder."
            )
        rounds.setdefault(int(match.group(1)), []).append(file)
    return tuple(tuple(rounds[number]) for number in sorted(rounds))


def _count(files: Sequence[str], source: PairSource) -> int:
    records = tf.data.TFRecordDataset(list(files), COMPRESSION)
    if source == "pairs":
        return int(records.reduce(0, lambda count, _: count + 1))
    feature = {IMAGE: tf.io.RaggedFeature(tf.string)}
    counts = records.batch(_COUNTING_BATCH).map(
        lambda serialised: tf.size(tf.io.parse_example(serialised, feature)[IMAGE].flat_values)
    )
    return int(counts.reduce(0, lambda total, count: total + count))


def pair_batches(
    pairs: PairEpochs,
    *,
    epochs: int,
    batch_size: int,
    image_size: int,
    seed: int,
    start_step: int = 0,
    share: ReplicaShare = WHOLE_BATCH,
) -> tf.data.Dataset:
    """Streams batches of pairs, epoch after epoch, from any step on.

    A batch never holds two pairs of one case: a round of pairs holds one of each case (or
    patient), an epoch is a round, and no batch crosses the end of an epoch. As each other's
    negatives two such pairs would be false.

    The stream from `start_step` is the tail of the stream from 0, and depends on nothing but
    the arguments. What is skipped, or is other replicas', is not decoded.

    Args:
        pairs: What `find_pairs` found.
        epochs: Number of epochs.
        batch_size: Pairs per batch; divisible by the number of replicas.
        image_size: Side of the images.
        seed: Of the order.
        start_step: Steps already done.
        share: Each batch is cut into as many parts as there are replicas. The parts of these
            replicas are streamed, one after the other.

    Returns:
        A data set of `(images, patients)`: uint8 [n, 2, image_size, image_size, 3], the same
        image twice where a pair has but one; and int64 [n], a hash of the patient; n is
        batch_size / replicas.
    """
    part = batch_size // share.count
    entries = _entry_stream(pairs, PATIENT_ID, epochs, batch_size, seed, start_step)
    if share.local < share.count:
        entries = _of_share(entries, part, share)

    def decode(images: tf.Tensor, patient: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        patient_hash = tf.strings.to_hash_bucket_fast(patient, _PATIENT_HASHES)
        return _decode_pair(images, image_size), patient_hash

    return deterministic(
        entries.map(decode, num_parallel_calls=cores()).batch(part, drop_remainder=True)
    )


def case_ids_of_step(
    pairs: PairEpochs, *, batch_size: int, seed: int, step: int
) -> tuple[str, ...]:
    """Returns the pseudonyms of the cases in the batch of a step, counted from 0.

    The training itself does not carry them; they are looked up once it has failed.
    """
    epoch, _ = pairs.position(step, batch_size)
    entries = _entry_stream(pairs, CASE_ID, epoch + 1, batch_size, seed, step)
    cases = (case_id.decode() for _, case_id in entries.take(batch_size).as_numpy_iterator())
    return tuple(dict.fromkeys(cases))


def _of_share(entries: tf.data.Dataset, part: int, share: ReplicaShare) -> tf.data.Dataset:
    def is_mine(number: tf.Tensor, _entry: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        replica = number // part % share.count
        return (replica >= share.first) & (replica < share.first + share.local)

    return entries.enumerate().filter(is_mine).map(lambda _number, entry: entry)


def _entry_stream(
    pairs: PairEpochs, identifier: str, epochs: int, batch_size: int, seed: int, start_step: int
) -> tf.data.Dataset:
    """Streams `(encoded images, identifier)` of each pair, from a step on."""
    start_epoch, skipped_steps = pairs.position(start_step, batch_size)
    rounds = tf.ragged.constant(pairs.rounds, dtype=tf.string)
    steps = tf.constant(
        [pairs.steps(epoch, batch_size) for epoch in range(len(pairs.rounds))], tf.int64
    )
    parse = _entries(pairs.source, identifier)
    always = tf.constant(pairs.in_every_round, tf.string)
    sizes = tf.constant(
        [[pairs.entries_in_every_round, n - pairs.entries_in_every_round] for n in pairs.entries]
    )

    def entries_of(epoch: tf.Tensor) -> tf.data.Dataset:
        round_index = epoch % len(pairs.rounds)
        epoch_seed = tf.random.fold_in(tf.constant([seed, 0], tf.int64), epoch)
        entries = shuffled_files(rounds[round_index], epoch_seed).flat_map(parse)
        if pairs.in_every_round:
            in_every_round = shuffled_files(always, epoch_seed).flat_map(parse)
            entries = mixed([in_every_round, entries], sizes[round_index], epoch_seed)
        entries = shuffle(entries, SHUFFLE_BUFFER, epoch_seed)
        done = tf.where(epoch == start_epoch, tf.cast(skipped_steps, tf.int64), 0)
        return entries.take(steps[round_index] * batch_size).skip(done * batch_size)

    return tf.data.Dataset.range(start_epoch, epochs).flat_map(entries_of)


def _entries(source: PairSource, identifier: str) -> Callable[[tf.Tensor], tf.data.Dataset]:
    def parse(serialised: tf.Tensor) -> tf.data.Dataset:
        example = tf.io.parse_single_example(
            serialised,
            {
                IMAGE: tf.io.RaggedFeature(tf.string),
                identifier: tf.io.FixedLenFeature([], tf.string),
            },
        )
        images = example[IMAGE]
        images = images[:, tf.newaxis] if source == "images" else images[tf.newaxis, :]
        identifiers = tf.repeat(example[identifier], tf.shape(images)[0])
        return tf.data.Dataset.from_tensor_slices((images, identifiers))

    return parse


def _decode_pair(images: tf.Tensor, image_size: int) -> tf.Tensor:
    first = decode_image(images[0])
    second = tf.cond(tf.size(images) > 1, lambda: decode_image(images[-1]), lambda: first)
    return tf.ensure_shape(tf.stack([first, second]), [2, image_size, image_size, 3])
