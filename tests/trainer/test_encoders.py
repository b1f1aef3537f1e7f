import keras
import numpy as np
import pytest

from trainer.encoders import build_encoder
from trainer.settings import EncoderSettings

BLOCKS = {
    "resnet18": (2, 2, 2, 2),
    "resnet34": (3, 4, 6, 3),
    "resnet50": (3, 4, 6, 3),
    "resnet152": (3, 8, 36, 3),
}


def trainable(model):
    return sum(int(np.prod(variable.shape)) for variable in model.trainable_variables)


def published_size(architecture, width):
    """Parameters by the published layer table: kernels and two batch-norm scalars a channel."""
    deep = architecture in ("resnet50", "resnet152")
    base = round(64 * width)

    def layer(size, channels_in, channels_out):
        return size * size * channels_in * channels_out + 2 * channels_out

    total, channels_in = layer(7, 3, base), base
    for group, blocks in enumerate(BLOCKS[architecture]):
        inner = base * 2**group
        outer = inner * (4 if deep else 1)
        for block in range(blocks):
            if deep:
                total += layer(1, channels_in, inner) + layer(3, inner, inner)
                total += layer(1, inner, outer)
            else:
                total += layer(3, channels_in, inner) + layer(3, inner, inner)
            if block == 0 and (channels_in != outer or group > 0):
                total += layer(1, channels_in, outer)
            channels_in = outer
    return total


def encoder(architecture, width, stem="imagenet", size=32):
    return build_encoder(EncoderSettings(architecture, width, stem, size))


def test_resnet18_has_the_published_number_of_parameters():
    # torchvision's 11,689,512 less its classifier's 512 x 1000 + 1000.
    assert trainable(encoder("resnet18", 1)) == 11_689_512 - 513_000


def test_resnet50_is_keras_applications_resnet50_without_its_convolution_biases():
    reference = keras.applications.ResNet50(include_top=False, weights=None)
    biases = sum(
        int(layer.bias.shape[0])
        for layer in reference.layers
        if isinstance(layer, keras.layers.Conv2D)
    )
    assert trainable(encoder("resnet50", 1)) == trainable(reference) - biases


@pytest.mark.parametrize(
    "architecture", ["resnet34", pytest.param("resnet152", marks=pytest.mark.slow)]
)
def test_every_depth_follows_the_published_layer_table(architecture):
    assert trainable(encoder(architecture, 0.125)) == published_size(architecture, 0.125)


@pytest.mark.parametrize(
    ("architecture", "width", "features", "parameters"),
    [("resnet50", 4, 8192, 375e6), ("resnet152", 2, 4096, 232e6)],
)
@pytest.mark.slow
def test_wide_networks_have_the_sizes_of_the_paper(architecture, width, features, parameters):
    model = encoder(architecture, width)
    assert model.output_shape == (None, features)
    assert trainable(model) == pytest.approx(parameters, rel=0.01)


def test_the_layer_table_gives_the_wide_networks_of_the_paper():
    assert published_size("resnet50", 4) == pytest.approx(375e6, rel=0.01)
    assert published_size("resnet152", 2) == pytest.approx(232e6, rel=0.01)


def test_the_width_multiplier_scales_the_features():
    assert encoder("resnet18", 0.25).output_shape == (None, 128)
    assert encoder("resnet50", 0.25).output_shape == (None, 512)


def test_the_small_image_stem_keeps_the_full_resolution_and_the_imagenet_stem_a_quarter():
    def first_block_side(stem):
        adds = [
            layer
            for layer in encoder("resnet18", 0.125, stem).layers
            if isinstance(layer, keras.layers.Add)
        ]
        return adds[0].output.shape[1]

    assert (first_block_side("small_image"), first_block_side("imagenet")) == (32, 8)


def test_a_new_block_is_the_identity_because_its_last_scale_is_zero():
    model = encoder("resnet18", 0.125)
    adds = [layer for layer in model.layers if isinstance(layer, keras.layers.Add)]
    residual, shortcut = adds[0].input
    values = keras.Model(model.input, [residual, shortcut])(
        np.random.default_rng(0).normal(size=(2, 32, 32, 3)).astype(np.float32)
    )
    assert not values[0].numpy().any()
    assert values[1].numpy().any()


def test_the_seed_decides_the_initial_weights():
    settings = EncoderSettings("resnet18", 0.125, "imagenet", 16)
    first, same, other = (build_encoder(settings, seed=seed).get_weights() for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, same, strict=True))
    assert not np.array_equal(first[0], other[0])


def test_no_two_kernels_of_one_encoder_start_alike():
    model = encoder("resnet18", 0.125)
    first, second = model.layers[6].kernel, model.layers[9].kernel
    assert first.shape == second.shape
    assert not np.allclose(first, second)


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("architecture", ["resnet18", "resnet50"])
def test_in_16_bits_the_features_are_near_and_variables_stay_float32(architecture, precision):
    settings = EncoderSettings(architecture, 0.125, "imagenet", 32)
    model = build_encoder(settings, precision=precision)
    images = np.random.default_rng(0).normal(size=(4, 32, 32, 3)).astype(np.float32)
    received, expected = model(images), build_encoder(settings)(images)
    assert received.dtype == "float32"
    assert {variable.dtype for variable in model.variables} == {"float32"}
    computed = {layer.compute_dtype for layer in model.layers}
    assert computed == {precision.removeprefix("mixed_"), "float32"}
    assert not np.array_equal(received, expected)
    # 20 to 53 layers of bfloat16, which has 8 significant bits.
    error = np.linalg.norm(received - expected) / np.linalg.norm(expected)
    assert error < 0.05
