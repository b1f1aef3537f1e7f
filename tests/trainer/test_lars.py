import keras
import numpy as np

from trainer.lars import LARS
from trainer.learning_rates import WarmupThenCosine

MOMENTUM, DECAY, TRUST = 0.9, 0.05, 0.01


def reference(weights, gradients, rates, regularised):
    """The update of SimCLR's `lars_optimizer.py`, in NumPy."""
    velocity = np.zeros_like(weights)
    for gradient, rate in zip(gradients, rates, strict=True):
        ratio = 1.0
        if regularised:
            gradient = gradient + DECAY * weights
            weight_norm, gradient_norm = np.linalg.norm(weights), np.linalg.norm(gradient)
            if weight_norm > 0 and gradient_norm > 0:
                ratio = TRUST * weight_norm / gradient_norm
        velocity = MOMENTUM * velocity + rate * ratio * gradient
        weights = weights - velocity
    return weights


def optimised(variable, gradients, rate):
    optimizer = LARS(rate, momentum=MOMENTUM, weight_decay=DECAY, trust_coefficient=TRUST)
    for gradient in gradients:
        optimizer.apply([gradient], [variable])
    return variable.numpy()


def run(name, start, steps=5):
    rng = np.random.default_rng(0)
    gradients = [rng.normal(size=start.shape).astype(np.float32) for _ in range(steps)]
    schedule = WarmupThenCosine(2.0, steps, 2)
    rates = [float(schedule(step)) for step in range(steps)]
    variable = keras.Variable(start, name=name, dtype="float32")
    return (
        optimised(variable, gradients, schedule),
        reference(start, gradients, rates, regularised=name == "kernel"),
    )


def test_a_kernel_is_decayed_and_scaled_by_its_trust_ratio():
    start = np.random.default_rng(1).normal(size=(4, 3)).astype(np.float32)
    received, expected = run("kernel", start)
    np.testing.assert_allclose(received, expected, rtol=1e-5, atol=1e-6)


def test_biases_and_batch_normalisation_get_plain_momentum():
    start = np.random.default_rng(1).normal(size=3).astype(np.float32)
    for name in ("bias", "gamma", "beta"):
        received, expected = run(name, start)
        np.testing.assert_allclose(received, expected, rtol=1e-5, atol=1e-6)


def test_a_zero_kernel_still_moves():
    received, expected = run("kernel", np.zeros((4, 3), np.float32))
    np.testing.assert_allclose(received, expected, rtol=1e-5, atol=1e-6)
    assert received.any()
