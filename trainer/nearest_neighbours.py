"""Classification by the labels of the nearest embeddings (Wu et al. 2018, section 3.4)."""

import numpy as np
import numpy.typing as npt

from trainer.alignment_uniformity import on_unit_sphere

Floats = npt.NDArray[np.floating]

TEMPERATURE = 0.07
"""That of Wu et al.: a neighbour votes with exp(cosine similarity / 0.07)."""


def neighbour_votes(
    features: Floats, targets: Floats, weights: Floats, queries: Floats, *, neighbours: int
) -> npt.NDArray[np.float64]:
    """Scores cases by the weighted vote of the labelled cases nearest to them.

    Args:
        features: [cases, d] of the labelled cases; scaled to length 1 here.
        targets: [cases, classes], 1 where the case has the class, else 0.
        weights: [cases, classes], 0 where that is unknown: no vote; else 1.
        queries: [queries, d] of the cases to score.
        neighbours: Cases with a vote; all of them, if there are fewer.

    Returns:
        [queries, classes], the share of the votes for the class within 0..1. Where no neighbour
        has a vote, the class's share among all labelled cases.
    """
    similarity = on_unit_sphere(queries) @ on_unit_sphere(features).T
    count = min(neighbours, len(features))
    nearest = np.argsort(-similarity, axis=1, kind="stable")[:, :count]
    votes = np.exp((np.take_along_axis(similarity, nearest, axis=1) - 1) / TEMPERATURE)
    known = votes[:, :, np.newaxis] * weights[nearest]
    total = known.sum(axis=1)
    prevalence = (targets * weights).sum(axis=0) / np.maximum(weights.sum(axis=0), 1)
    share = (known * targets[nearest]).sum(axis=1) / np.where(total > 0, total, 1)
    return np.where(total > 0, share, prevalence)
