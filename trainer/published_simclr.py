"""The published SimCLR checkpoints: which of their variables is which of our weights.

Two layouts of google-research/simclr. In TensorFlow 1's (`resnet.py`, `model_util.py`) layers are
numbered in the order in which they were made, the shortcut of a block before its convolutions:
`base_model/conv2d_1/kernel`, `base_model/batch_normalization_1/gamma`. In TensorFlow 2's
(`tf2/resnet.py`, `tf2/model.py`) attributes lead to a variable:
`model/resnet_model/block_groups/0/layers/0/projection_layers/0/conv2d/kernel`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from trainer.encoders import block_counts
from trainer.errors import UserError
from trainer.published_variables import LayerVariables, PublishedVariables
from trainer.settings import Architecture, EncoderSettings

ARCHITECTURES: tuple[Architecture, ...] = ("resnet50", "resnet152")
PIXEL_MEAN = (0.0, 0.0, 0.0)
"""SimCLR's code feeds pixels in [0, 1] as they are."""
PIXEL_STD = (1.0, 1.0, 1.0)

_NORMALIZATION = ("gamma", "beta", "moving_mean", "moving_variance")
_ROOTS = ("model/resnet_model", "resnet_model")
_BLOCKS = {"18": 8, "34": 16, "50": 16, "101": 33, "152": 50, "200": 66}
_STEM_CHANNELS = 64


@dataclass(frozen=True)
class _Unit:
    """A convolution with its batch normalisation."""

    scope: str
    convolution_path: str
    normalization_path: str


def simclr_layers(variables: PublishedVariables, settings: EncoderSettings) -> LayerVariables:
    """Finds the variables of each of the encoder's layers.

    Args:
        variables: Of the file.
        settings: Of the encoder that is to hold them.

    Returns:
        Keys of the file's variables by layer of `build_encoder(settings)`.

    Raises:
        UserError: The file holds no SimCLR encoder, or another than the settings say; with what
            it looks like.
    """
    numbered = "base_model/conv2d/kernel" in variables.shapes
    root = next((root for root in _ROOTS if variables.keys_below(root)), None)
    if not numbered and root is None:
        raise UserError(
            f"{variables.source}: no variable base_model/conv2d/kernel and no {_ROOTS[0]}. It is "
            "no SimCLR checkpoint; look at --layout."
        )
    stem = f"{root}/initial_conv_relu_max_pool/0/conv2d/kernel"
    expected = _expected(settings)
    received = _description(
        kernels=_numbered_kernels(variables) if numbered else _kernels_below(variables, root),
        stem=variables.shapes["base_model/conv2d/kernel" if numbered else variables.key_at(stem)],
    )
    if received != expected:
        raise UserError(
            f"{variables.source}: it looks like {received}, not like {expected}. Give the "
            "--architecture and --width that it has; other networks and selective kernels "
            "cannot be imported."
        )
    layers: dict[str, list[str | None]] = {}
    for number, unit in enumerate(_units(settings.architecture)):
        suffix = f"_{number}" if number else ""
        if numbered:
            kernel: str | None = f"base_model/conv2d{suffix}/kernel"
            scope = f"base_model/batch_normalization{suffix}"
            norm: list[str | None] = [f"{scope}/{name}" for name in _NORMALIZATION]
        else:
            kernel = variables.key_at(f"{root}/{unit.convolution_path}/conv2d/kernel")
            scope = f"{root}/{unit.normalization_path}/bn"
            norm = [variables.key_at(f"{scope}/{name}") for name in _NORMALIZATION]
        layers[f"{unit.scope}.convolution"] = [kernel]
        layers[f"{unit.scope}.normalization"] = norm
    return layers


def projection_head_layers(variables: PublishedVariables) -> LayerVariables:
    """Finds the variables of the projection head.

    Returns:
        Keys by layer of `build_projection_head`, first layer first; empty without a head.
    """
    kernels: list[str] = []
    norms: list[list[str | None]] = []
    while True:
        scope = f"head_contrastive/nl_{len(kernels)}"
        kernel: str | None = f"{scope}/dense/kernel"
        norm: list[str | None] = [f"{scope}/batch_normalization/{name}" for name in _NORMALIZATION]
        if kernel not in variables.shapes:
            scope = f"model/_projection_head/linear_layers/{len(kernels)}"
            kernel = variables.key_at(f"{scope}/dense/kernel")
            norm = [variables.key_at(f"{scope}/bn_relu/bn/{name}") for name in _NORMALIZATION]
        if kernel is None:
            break
        kernels.append(kernel)
        norms.append(norm)
    layers: dict[str, list[str | None]] = {}
    for number, (dense, shifted) in enumerate(zip(kernels, norms, strict=True), start=1):
        last = number == len(kernels)
        layers[f"layer{number}.dense"] = [dense]
        # The last layer has no shift.
        layers[f"layer{number}.normalization"] = [shifted[0], *shifted[2:]] if last else shifted
    return layers


def _units(architecture: Architecture) -> Iterator[_Unit]:
    """Yields the units in the order in which SimCLR's code makes them."""
    stem = "initial_conv_relu_max_pool"
    yield _Unit("stem", f"{stem}/0", f"{stem}/2")
    for group, count in enumerate(block_counts(architecture)):
        for block in range(count):
            scope = f"group{group + 1}.block{block + 1}"
            path = f"block_groups/{group}/layers/{block}"
            if block == 0:
                shortcut = f"{path}/projection_layers"
                yield _Unit(f"{scope}.shortcut", f"{shortcut}/0", f"{shortcut}/1")
            # Each third entry of the list is a DropBlock, without variables.
            layers = f"{path}/conv_relu_dropblock_layers"
            yield _Unit(f"{scope}.first", f"{layers}/0", f"{layers}/1")
            yield _Unit(f"{scope}.second", f"{layers}/3", f"{layers}/4")
            yield _Unit(f"{scope}.third", f"{layers}/6", f"{layers}/7")


def _numbered_kernels(variables: PublishedVariables) -> int:
    return sum(
        name.startswith("base_model/conv2d") and name.endswith("/kernel")
        for name in variables.shapes
    )


def _kernels_below(variables: PublishedVariables, root: str | None) -> int:
    return sum(len(variables.shapes[key]) == 4 for key in variables.keys_below(str(root)))


def _expected(settings: EncoderSettings) -> str:
    depth = settings.architecture.removeprefix("resnet")
    return f"ResNet-{depth} of width {settings.width_multiplier:g}"


def _description(*, kernels: int, stem: tuple[int, ...]) -> str:
    """Says what a network looks like by its number of convolutions and its first kernel."""
    counts = {}
    for depth, blocks in _BLOCKS.items():
        per_block = 2 if depth in ("18", "34") else 3
        # Besides the blocks: four shortcuts and a stem, of three convolutions in ResNet-D.
        counts[4 + 1 + per_block * blocks] = (f"ResNet-{depth}", "")
        counts[4 + 3 + (per_block + 2) * blocks] = (f"ResNet-{depth}", " with selective kernels")
    name, selective = counts.get(kernels, (f"a network of {kernels} convolutions", ""))
    width = stem[-1] / _STEM_CHANNELS * (2 if selective else 1)
    small = " with the small-image stem" if stem[0] == 3 and not selective else ""
    return f"{name} of width {width:g}{selective}{small}"
