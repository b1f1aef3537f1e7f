"""NT-Xent, the contrastive loss of SimCLR and MICLe."""

from typing import NamedTuple

import tensorflow as tf

from trainer.distribution import gather_integers, gather_rows, replica_count, replica_index

# Far below any similarity over any temperature in use, yet finite: its gradient is 0, not NaN.
_EXCLUDED = -1e9


class ContrastiveMeasures(NamedTuple):
    """Loss of one batch and what to watch beside it; float32 scalars.

    Attributes:
        loss: Mean NT-Xent over the 2n views.
        accuracy: Share of views that are closer to their partner than to every other view.
        entropy: Mean entropy, in nats, of the softmax over the other views.
    """

    loss: tf.Tensor
    accuracy: tf.Tensor
    entropy: tf.Tensor


def nt_xent(
    projections: tf.Tensor, *, temperature: float, group_ids: tf.Tensor | None = None
) -> ContrastiveMeasures:
    """Computes the normalised temperature-scaled cross entropy (SimCLR, equation 1).

    Each view must pick its partner among the other 2N - 1 views of the global batch. The result
    is the mean over all 2N views, as in the paper; SimCLR's code returns twice that.

    Within a replica of a distribution strategy, the views of all replicas are candidates, and the
    result is this replica's share of it: the sum over the replicas is the global batch's, and so
    is the sum of their gradients.

    Args:
        projections: [2n, d], this replica's; view i and view i + n are partners. Computed in
            float32.
        temperature: Divides the cosine similarities.
        group_ids: int64 [n], within 0..2^48 - 1, the patient of each pair. Views of other pairs
            of the same patient are left out of the denominator: as negatives they would be false.

    Returns:
        The loss and its measures.
    """
    vectors = _unit_vectors(tf.cast(projections, tf.float32))
    first, second = tf.split(vectors, 2)
    candidates = tf.concat([gather_rows(first), gather_rows(second)], axis=0)
    logits = tf.matmul(vectors, candidates, transpose_b=True) / temperature
    own, partner = _positions(tf.shape(first)[0])
    itself = tf.one_hot(own, tf.shape(candidates)[0], on_value=True, off_value=False)
    is_partner = tf.one_hot(partner, tf.shape(candidates)[0], on_value=True, off_value=False)
    excluded = itself
    if group_ids is not None:
        groups = tf.tile(group_ids, [2])
        candidate_groups = tf.tile(gather_integers(group_ids), [2])
        excluded = (groups[:, tf.newaxis] == candidate_groups[tf.newaxis, :]) & ~is_partner
    logits = tf.where(excluded, _EXCLUDED, logits)
    log_probabilities = tf.nn.log_softmax(logits, axis=1)
    hits = tf.argmax(logits, axis=1, output_type=tf.int32) == partner
    chosen = tf.where(is_partner, log_probabilities, 0.0)
    surprise = tf.where(excluded, 0.0, -tf.exp(log_probabilities) * log_probabilities)
    views = tf.cast(tf.shape(candidates)[0], tf.float32)
    return ContrastiveMeasures(
        loss=-tf.reduce_sum(chosen) / views,
        accuracy=tf.reduce_sum(tf.cast(hits, tf.float32)) / views,
        entropy=tf.reduce_sum(surprise) / views,
    )


def _unit_vectors(vectors: tf.Tensor) -> tf.Tensor:
    """Divides each row by its norm; by its largest value first, whose square may not be finite."""
    largest = tf.reduce_max(tf.abs(vectors), axis=1, keepdims=True)
    return tf.math.l2_normalize(tf.math.divide_no_nan(vectors, tf.stop_gradient(largest)), axis=1)


def _positions(pairs: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns, int32 [2 x pairs], where this replica's views and their partners are."""
    all_pairs = pairs * replica_count()
    first = tf.range(pairs) + (pairs * replica_index() if replica_count() > 1 else 0)
    second = first + all_pairs
    return tf.concat([first, second], axis=0), tf.concat([second, first], axis=0)
