"""How well a linear classifier reads the labels out of frozen embeddings.

One logistic regression a class, with an L2 penalty, on standardised features; found by Newton's
method in the space that the training cases span, so that the cost depends on their number and not
on the length of the embedding.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]
Array = npt.NDArray[np.float64]

_MOST_NEWTON_STEPS = 50
_MOST_HALVINGS = 30
_SMALLEST_GRADIENT = 1e-8
_SMALLEST_DEVIATION = 1e-6


@dataclass(frozen=True)
class LinearProbe:
    """A fitted probe.

    Attributes:
        mean: [d], subtracted from a feature.
        deviation: [d], then divides it.
        kernel: [d, classes].
        bias: [classes].
    """

    mean: Array
    deviation: Array
    kernel: Array
    bias: Array

    def logits(self, features: Floats) -> Array:
        """Returns the log odds of each class, [n, classes], for features [n, d]."""
        return (features - self.mean) / self.deviation @ self.kernel + self.bias


def fit_linear_probe(
    features: Floats, targets: Floats, weights: Floats, *, penalty: float
) -> LinearProbe:
    """Fits the probe.

    For each class it minimises the sum of the known cases' log losses plus `penalty` / 2 times the
    squared length of the class's kernel; the bias is free.

    Args:
        features: [cases, d].
        targets: [cases, classes], 1 where the case has the class, else 0.
        weights: [cases, classes], 0 where that is unknown: left out; else 1.
        penalty: Above 0; 1 is scikit-learn's `LogisticRegression` with C = 1.

    Returns:
        The probe. A class without a known positive or negative case gets the log odds of one half
        of a case more of each kind, whatever the features.
    """
    values = np.asarray(features, np.float64)
    mean, deviation = values.mean(axis=0), values.std(axis=0)
    deviation = np.where(deviation > _SMALLEST_DEVIATION, deviation, 1.0)
    left, singular, right = np.linalg.svd((values - mean) / deviation, full_matrices=False)
    coordinates = np.concatenate([left * singular, np.ones((len(values), 1))], axis=1)
    solutions = np.stack(
        [
            _fit_class(coordinates[known > 0], target[known > 0], penalty)
            for target, known in zip(targets.T, weights.T, strict=True)
        ],
        axis=1,
    )
    return LinearProbe(mean, deviation, right.T @ solutions[:-1], solutions[-1])


def _fit_class(inputs: Array, targets: Floats, penalty: float) -> Array:
    """Returns the coefficients of the inputs, [r + 1]; the last one is free of the penalty."""
    positives = float(targets.sum())
    negatives = len(targets) - positives
    solution = np.zeros(inputs.shape[1])
    solution[-1] = np.log((positives + 0.5) / (negatives + 0.5))
    if not positives or not negatives:
        return solution
    penalties = np.full(inputs.shape[1], penalty)
    penalties[-1] = 0.0
    signs = np.where(targets > 0, 1.0, -1.0)

    def objective(candidate: Array) -> float:
        losses = np.logaddexp(0.0, -signs * (inputs @ candidate))
        return float(losses.sum() + (penalties * candidate**2).sum() / 2)

    for _ in range(_MOST_NEWTON_STEPS):
        probabilities = _sigmoid(inputs @ solution)
        gradient = inputs.T @ (probabilities - targets) + penalties * solution
        if np.abs(gradient).max() < _SMALLEST_GRADIENT:
            break
        curvature = (inputs.T * (probabilities * (1 - probabilities))) @ inputs
        step = np.linalg.solve(curvature + np.diag(penalties), gradient)
        before = objective(solution)
        for _ in range(_MOST_HALVINGS):
            if objective(solution - step) <= before:
                break
            step = step / 2
        solution = solution - step
    return solution


def _sigmoid(logits: Array) -> Array:
    return np.exp(-np.logaddexp(0.0, -logits))
