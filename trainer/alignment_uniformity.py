"""Alignment and uniformity of embeddings (Wang and Isola 2020, equations 1 and 2).

Contrastive learning pulls the two views of a pair together (alignment) and spreads all views over
the sphere (uniformity). A collapsed encoder has both at 0.
"""

import math

import numpy as np
import numpy.typing as npt

Features = npt.NDArray[np.floating]

_TEMPERATURE = 2.0


def on_unit_sphere(features: Features) -> npt.NDArray[np.float64]:
    """Divides each row, [n, d], by its Euclidean length; a row of zeros stays zero."""
    values = np.asarray(features, np.float64)
    lengths = np.linalg.norm(values, axis=1, keepdims=True)
    return values / np.maximum(lengths, np.finfo(np.float64).tiny)


def alignment(first: Features, second: Features) -> float:
    """Returns the mean squared distance of the two views of a pair, equation 1 with alpha = 2.

    Args:
        first: [pairs, d], features of the first views; scaled to length 1 here.
        second: [pairs, d], those of the second views, in the same order.

    Returns:
        From 0, the views coincide, to 4, they are opposite.
    """
    difference = on_unit_sphere(first) - on_unit_sphere(second)
    return float((difference**2).sum(axis=1).mean())


def uniformity(features: Features) -> float:
    """Returns the log of the mean Gaussian potential of all pairs, equation 2 with t = 2.

    Args:
        features: [n, d], n at least 2; scaled to length 1 here.

    Returns:
        0 where all features point the same way; lower is more evenly spread. Features that are
        nowhere negative, as after a ReLU, do not go below -4.
    """
    sphere = on_unit_sphere(features)
    squared_lengths = (sphere**2).sum(axis=1)
    squared_distances = squared_lengths[:, np.newaxis] + squared_lengths - 2 * sphere @ sphere.T
    pairs = np.maximum(squared_distances[np.triu_indices(len(sphere), k=1)], 0)
    return math.log(np.exp(-_TEMPERATURE * pairs).mean())
