import keras
import numpy as np
import pytest

from trainer.encoders import build_encoder, feature_count
from trainer.settings import EncoderSettings

BLOCKS = {
    "resnet18": (2, 2, 2, 2),
    "resnet34": (3, 4, 6, 3),
    "resnet50": (3, 4, 6, 3),
    "resnet152": (3, 8, 36, 3),
}
# torchvision's published numbers of parameters, less those of its classifier.
PUBLISHED = {
    "resnet18": 11_689_512 - (512 * 1000 + 1000),
    "resnet34": 21_797_672 - (512 * 1000 + 1000),
    "resnet50": 25_557_032 - (2048 * 1000 + 1000),
    "resnet152": 60_192_808 - (2048 * 1000 + 1000),
}


def trainable(model):
    return sum(int(np.prod(variable.shape)) for variable in model.trainable_variables)


def layer_table_size(architecture, width):
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


@pytest.fixture
def no_weights():
    """Layers are built with shapes alone, so that a network of 375 million weights is cheap."""
    with keras.StatelessScope(initialize_variables=False):
        yield
    keras.utils.clear_session()


@pytest.mark.parametrize("architecture", PUBLISHED)
def test_the_published_networks_have_the_published_numbers_of_parameters(architecture, no_weights):
    assert trainable(encoder(architecture, 1)) == PUBLISHED[architecture]


@pytest.mark.parametrize("architecture", PUBLISHED)
def test_the_layer_table_gives_the_published_numbers_of_parameters(architecture):
    assert layer_table_size(architecture, 1) == PUBLISHED[architecture]


@pytest.mark.parametrize("width", [1, 2, 4])
@pytest.mark.parametrize("architecture", BLOCKS)
def test_every_width_follows_the_layer_table_and_has_the_published_embedding(
    architecture, width, no_weights
):
    model = encoder(architecture, width)
    assert trainable(model) == layer_table_size(architecture, width)
    features = 2048 if architecture in ("resnet50", "resnet152") else 512
    assert model.output_shape == (None, features * width)
    assert feature_count(architecture, width) == features * width


@pytest.mark.parametrize(
    ("architecture", "width", "millions"),
    # The tables of SimCLR's README; 375 is the SimCLR paper's.
    [("resnet50", 1, 24), ("resnet50", 2, 94), ("resnet50", 4, 375), ("resnet152", 2, 233)],
)
def test_the_sizes_round_to_those_that_simclr_states(architecture, width, millions):
    assert layer_table_size(architecture, width) / 1e6 == pytest.approx(millions, abs=1)


def test_resnet50_is_keras_applications_resnet50_without_its_convolution_biases(no_weights):
    reference = keras.applications.ResNet50(include_top=False, weights=None)
    biases = sum(
        int(layer.bias.shape[0])
        for layer in reference.layers
        if isinstance(layer, keras.layers.Conv2D)
    )
    assert trainable(encoder("resnet50", 1)) == trainable(reference) - biases


@pytest.mark.parametrize("architecture", ["keras_resnet50", "keras_resnet152"])
def test_the_networks_of_keras_applications_have_its_numbers_of_parameters(
    architecture, no_weights
):
    # keras.applications' tables: 25,636,712 and 60,419,944 with classifier.
    published = {"keras_resnet50": 25_636_712, "keras_resnet152": 60_419_944}[architecture]
    model = encoder(architecture, 1)
    assert model.count_params() == published - (2048 * 1000 + 1000)
    assert model.output_shape == (None, feature_count(architecture, 1))


@pytest.mark.parametrize(("architecture", "width"), [("bit_resnet50", 1), ("bit_resnet152", 2)])
def test_the_networks_of_bit_have_the_sizes_of_their_layer_table(architecture, width, no_weights):
    # The same convolutions; a scale and a shift before each but the shortcuts and the stem, whose
    # counts of channels follow from what comes before, and once more at the end.
    kernels, norms, channels_in = 7 * 7 * 3 * 64 * width, 0, 64 * width
    for group, blocks in enumerate(BLOCKS[architecture.removeprefix("bit_")]):
        inner = 64 * width * 2**group
        for block in range(blocks):
            kernels += channels_in * inner + 9 * inner * inner + inner * 4 * inner
            kernels += channels_in * 4 * inner if block == 0 else 0
            norms += 2 * (channels_in + inner + inner)
            channels_in = 4 * inner
    model = encoder(architecture, width)
    assert model.count_params() == kernels + norms + 2 * channels_in
    assert model.output_shape == (None, 2048 * width)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"architecture": "resnet101"}, "architecture must be one of resnet18, .*bit_resnet152"),
        ({"stem": "large"}, "stem must be one of small_image, imagenet"),
        ({"width_multiplier": 0}, "width_multiplier must be a number above 0, such as 1, 2 or 4"),
        ({"width_multiplier": "2x"}, "width_multiplier must be a number above 0"),
        ({"architecture": "keras_resnet50", "width_multiplier": 2}, "must be 1 for keras_resnet50"),
        ({"architecture": "keras_resnet50", "stem": "small_image"}, "must be imagenet for keras"),
        ({"architecture": "bit_resnet50", "width_multiplier": 0.25}, "a multiple of 0.5"),
        ({"initial_image_size": 8}, "initial_image_size must be at least 16"),
    ],
)
def test_what_does_not_exist_is_refused_with_what_does(changes, expected):
    values = {"width_multiplier": 1, "stem": "imagenet", **changes}
    with pytest.raises(ValueError, match=expected):
        EncoderSettings(**values)


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


@pytest.mark.parametrize(
    ("architecture", "width"),
    [
        ("resnet18", 0.125),
        ("bit_resnet50", 0.5),
        pytest.param("keras_resnet50", 1, marks=pytest.mark.slow),
    ],
)
def test_the_seed_decides_the_initial_weights(architecture, width):
    settings = EncoderSettings(architecture, width, "imagenet", 32)
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


@pytest.mark.parametrize(
    ("architecture", "width"), [("resnet50", 0.125), ("bit_resnet50", 0.5), ("keras_resnet50", 1)]
)
def test_features_are_float32_and_close_in_16_bits_in_every_network(architecture, width):
    settings = EncoderSettings(architecture, width, "imagenet", 32)
    exact = build_encoder(settings, seed=1)
    mixed = build_encoder(settings, seed=1, precision="mixed_bfloat16", synchronized=True)
    images = np.random.default_rng(0).uniform(size=(2, 32, 32, 3)).astype(np.float32)
    expected, received = exact(images), mixed(images)
    assert received.dtype == "float32"
    assert all(variable.dtype == "float32" for variable in mixed.variables)
    # bfloat16 keeps 8 bits of each number; group normalisation of few pixels loses most.
    assert np.corrcoef(np.ravel(expected), np.ravel(received))[0, 1] > 0.9
    assert not np.array_equal(expected, received)
