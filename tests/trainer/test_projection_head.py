import numpy as np

from trainer.projection_head import build_projection_head


def test_the_head_is_dense_batch_norm_relu_and_ends_in_batch_norm_without_shift():
    head = build_projection_head(6, layers=3, projection_size=4)
    names = [[v.name for v in layer.trainable_variables] for layer in head.layers]
    assert [n for n in names if n] == [
        ["kernel"],
        ["gamma", "beta"],
        ["kernel"],
        ["gamma", "beta"],
        ["kernel"],
        ["gamma"],
    ]


def test_two_layers_compute_the_published_formula():
    head = build_projection_head(5, layers=2, projection_size=3, seed=1)
    inputs = np.random.default_rng(0).normal(size=(7, 5)).astype(np.float32)

    def normalised(values):
        return (values - values.mean(axis=0)) / np.sqrt(values.var(axis=0) + 1e-5)

    first, second = (v.numpy() for v in head.trainable_variables if v.name == "kernel")
    hidden = np.maximum(normalised(inputs @ first), 0)
    np.testing.assert_allclose(
        head(inputs, training=True), normalised(hidden @ second), rtol=1e-3, atol=1e-3
    )


def test_projections_are_float32_in_16_bits_too():
    inputs = np.random.default_rng(0).normal(size=(7, 5)).astype(np.float32)
    head = build_projection_head(5, layers=3, projection_size=3, precision="mixed_bfloat16")
    outputs = head(inputs, training=True)
    assert outputs.dtype == "float32"
    assert {variable.dtype for variable in head.variables} == {"float32"}
