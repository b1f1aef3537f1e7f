"""The paper's sets of augmentations, by name."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from trainer.settings import AugmentationSettings

_SIMCLR = AugmentationSettings(
    crop_area=(0.08, 1.0),
    horizontal_flip=0.5,
    colour_strength=1.0,
    colour_probability=0.8,
    grayscale_probability=0.2,
    blur_probability=0.5,
)

PRESETS: Mapping[str, AugmentationSettings] = {
    # SimCLR appendix A.
    "natural": _SIMCLR,
    # Paper section 4: as SimCLR.
    "dermatology": _SIMCLR,
    # Paper section 4: weaker colours, turned by up to 45 degrees, no blur, which can erase the
    # texture that carries the finding. Dropping colour would change nothing on grey images.
    "chest_xray": dataclasses.replace(
        _SIMCLR,
        colour_strength=0.5,
        rotation_degrees=45.0,
        grayscale_probability=0.0,
        blur_probability=0.0,
    ),
    # Paper section 4: colour, crop, blur, rotation and flips; it gives no strengths: ours.
    "fine_tuning_dermatology": AugmentationSettings(
        crop_area=(0.25, 1.0),
        horizontal_flip=0.5,
        vertical_flip=0.5,
        rotation_degrees=45.0,
        colour_strength=0.5,
        blur_probability=0.2,
    ),
    "fine_tuning_chest_xray": AugmentationSettings(
        crop_area=(0.25, 1.0),
        horizontal_flip=0.5,
        rotation_degrees=15.0,
        colour_strength=0.5,
        blur_probability=0.2,
    ),
}


def preset(name: str, **changes: Any) -> AugmentationSettings:
    """Returns a preset's settings with some fields changed.

    Raises:
        ValueError: There is no such preset, or a value is out of its range.
        TypeError: A field is unknown.
    """
    return dataclasses.replace(_find(name), **changes)


def expand_preset(values: Mapping[str, Any]) -> dict[str, Any]:
    """Puts a preset's fields in the place of `preset`; what else is given overrides them.

    Args:
        values: Fields of an augmentation as a file has them.

    Raises:
        ValueError: There is no such preset.
    """
    given = dict(values)
    name = given.pop("preset", None)
    return given if name is None else dataclasses.asdict(_find(name)) | given


def _find(name: str) -> AugmentationSettings:
    if name not in PRESETS:
        raise ValueError(f"preset must be one of {', '.join(PRESETS)}. Received: {name}")
    return PRESETS[name]
