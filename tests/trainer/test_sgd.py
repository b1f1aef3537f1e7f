import keras
import numpy as np

from trainer.learning_rates import WarmupThenCosine
from trainer.sgd import NesterovSGD

MOMENTUM, DECAY, STEPS = 0.9, 0.05, 6


def reference(weights, gradients, rates, decay):
    """SGD with Nesterov momentum on the loss plus decay / 2 * |w|^2 (Sutskever 2013), in NumPy."""
    velocity = np.zeros_like(weights)
    for gradient, rate in zip(gradients, rates, strict=True):
        penalised = gradient + decay * weights
        velocity = MOMENTUM * velocity - rate * penalised
        weights = weights + MOMENTUM * velocity - rate * penalised
    return weights


def run(name, decay):
    rng = np.random.default_rng(0)
    start = rng.normal(size=(4, 3)).astype(np.float32)
    gradients = [rng.normal(size=start.shape).astype(np.float32) for _ in range(STEPS)]
    schedule = WarmupThenCosine(0.5, STEPS, 2)
    variable = keras.Variable(start, name=name, dtype="float32")
    optimizer = NesterovSGD(schedule, momentum=MOMENTUM, weight_decay=decay)
    for gradient in gradients:
        optimizer.apply([gradient], [variable])
    rates = [float(schedule(step)) for step in range(STEPS)]
    return variable.numpy(), start, gradients, rates


def test_a_kernel_is_decayed_through_its_gradient_and_so_through_the_momentum():
    received, *arguments = run("kernel", DECAY)
    np.testing.assert_allclose(received, reference(*arguments, DECAY), rtol=1e-5, atol=1e-6)


def test_biases_and_batch_normalisation_are_not_decayed():
    for name in ("bias", "gamma", "beta"):
        received, *arguments = run(name, DECAY)
        np.testing.assert_allclose(received, reference(*arguments, 0.0), rtol=1e-5, atol=1e-6)
