"""The published BiT and REMEDIS weights: which of their variables is which of our weights.

The names are those of google-research/big_transfer (`bit_pytorch/models.py`, `bit_tf2/models.py`),
below a prefix that differs from file to file: `resnet/block1/unit01/a/group_norm/gamma`.
"""

import re

from trainer.encoders import block_counts
from trainer.errors import UserError
from trainer.published_variables import LayerVariables, PublishedVariables
from trainer.settings import Architecture, EncoderSettings

ARCHITECTURES: tuple[Architecture, ...] = ("bit_resnet50", "bit_resnet152")
PIXEL_MEAN = (0.5, 0.5, 0.5)
"""BiT's network sees pixels in [-1, 1]."""
PIXEL_STD = (0.5, 0.5, 0.5)

_ROOT = "root_block/standardized_conv2d/kernel"
_UNIT = re.compile(r"block(\d)/unit\d+/a/standardized_conv2d/kernel$")
_DEPTHS: dict[tuple[int, ...], str] = {
    (3, 4, 6, 3): "50",
    (3, 4, 23, 3): "101",
    (3, 8, 36, 3): "152",
}
_STEM_CHANNELS = 64


def bit_layers(variables: PublishedVariables, settings: EncoderSettings) -> LayerVariables:
    """Finds the variables of each of the encoder's layers.

    Args:
        variables: Of the file.
        settings: Of the encoder that is to hold them.

    Returns:
        Keys of the file's variables by layer of `build_encoder(settings)`.

    Raises:
        UserError: The file holds no BiT network, or another than the settings say; with what it
            looks like.
    """
    roots = [name for name in variables.names if name.endswith(_ROOT)]
    if not roots:
        raise UserError(
            f"{variables.source}: no variable whose name ends in {_ROOT}. It is no BiT network; "
            "look at --layout and --architecture."
        )
    prefix = min(roots, key=len).removesuffix(_ROOT)
    names = {
        name.removeprefix(prefix): key
        for name, key in variables.names.items()
        if name.startswith(prefix)
    }
    received = _description(names, variables.shapes[names[_ROOT]][-1])
    depth = settings.architecture.removeprefix("bit_resnet")
    expected = f"BiT ResNet-{depth} of width {settings.width_multiplier:g}"
    if received != expected:
        raise UserError(
            f"{variables.source}: it looks like {received}, not like {expected}. Give the "
            "--architecture and --width that it has; other networks cannot be imported."
        )
    return {
        layer: [names.get(f"{layer.replace('.', '/')}/{weight}") for weight in weights]
        for layer, weights in _layers(settings.architecture)
    }


def _layers(architecture: Architecture) -> list[tuple[str, tuple[str, ...]]]:
    """Lists the layers of `build_encoder` and their weights."""
    convolution, norm = ("kernel",), ("gamma", "beta")
    layers = [("root_block.standardized_conv2d", convolution), ("group_norm", norm)]
    for block, count in enumerate(block_counts(architecture), start=1):
        for unit in range(1, count + 1):
            scope = f"block{block}.unit{unit:02d}"
            if unit == 1:
                layers.append((f"{scope}.a.proj.standardized_conv2d", convolution))
            for part in "abc":
                layers.append((f"{scope}.{part}.standardized_conv2d", convolution))
                layers.append((f"{scope}.{part}.group_norm", norm))
    return layers


def _description(names: dict[str, str], stem_channels: int) -> str:
    blocks = [match[1] for name in names if (match := _UNIT.match(name))]
    counts = tuple(blocks.count(block) for block in sorted(set(blocks)))
    depth = _DEPTHS.get(counts)
    name = f"BiT ResNet-{depth}" if depth else f"a BiT network of {sum(counts)} units"
    return f"{name} of width {stem_channels / _STEM_CHANNELS:g}"
