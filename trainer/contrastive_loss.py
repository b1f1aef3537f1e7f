"""NT-Xent, the contrastive loss of SimCLR and MICLe."""

from typing import NamedTuple

import tensorflow as tf

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

    Each view must pick its partner among the other 2n - 1 views. The result is the mean over all
    2n views, as in the paper; SimCLR's code returns twice that.

    Args:
        projections: [2n, d]; view i and view i + n are partners. Computed in float32.
        temperature: Divides the cosine similarities.
        group_ids: Integers [n], the patient of each pair. Views of other pairs of the same
            patient are left out of the denominator: as negatives they would be false.

    Returns:
        The loss and its measures.
    """
    vectors = tf.math.l2_normalize(tf.cast(projections, tf.float32), axis=1)
    views = tf.shape(vectors)[0]
    pairs = views // 2
    logits = tf.matmul(vectors, vectors, transpose_b=True) / temperature
    itself = tf.eye(views, dtype=tf.bool)
    partner = tf.roll(itself, shift=pairs, axis=1)
    excluded = itself
    if group_ids is not None:
        groups = tf.tile(group_ids, [2])
        same_group = groups[:, tf.newaxis] == groups[tf.newaxis, :]
        excluded = same_group & ~partner
    logits = tf.where(excluded, _EXCLUDED, logits)
    log_probabilities = tf.nn.log_softmax(logits, axis=1)
    partner_index = tf.math.floormod(tf.range(views) + pairs, views)
    hits = tf.argmax(logits, axis=1, output_type=tf.int32) == partner_index
    chosen = tf.where(partner, log_probabilities, 0.0)
    surprise = tf.where(excluded, 0.0, -tf.exp(log_probabilities) * log_probabilities)
    return ContrastiveMeasures(
        loss=-tf.reduce_sum(chosen) / tf.cast(views, tf.float32),
        accuracy=tf.reduce_mean(tf.cast(hits, tf.float32)),
        entropy=tf.reduce_mean(tf.reduce_sum(surprise, axis=1)),
    )
