"""The views of each training of a configuration, for a person to look at."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from components.case_example_gen.settings import DataSettings
from pipeline.configuration import Configuration, PretrainingStep
from pipeline.sample_images import ImageReader, sample_images, sample_pairs
from trainer.augmentation import augment
from trainer.case_records import to_unit_range
from trainer.errors import UserError
from trainer.settings import AugmentationSettings


@dataclass(frozen=True)
class ImageWithViews:
    """A row of the sheet.

    Attributes:
        name: Such as `3` or, for the second image of a pair, `3 b`; never an identifier.
        original: uint8 [side, side, 3], as training reads it.
        views: uint8 [n, side, side, 3].
    """

    name: str
    original: np.ndarray
    views: np.ndarray


@dataclass(frozen=True)
class Stage:
    """A training, with the views it makes.

    Attributes:
        title: What is trained.
        settings: The augmentation in words.
        rows: Images with their views.
    """

    title: str
    settings: str
    rows: tuple[ImageWithViews, ...]


def stage_names(configuration: Configuration) -> list[str]:
    """The names of a configuration's trainings: `pretraining.1`, ..., `fine_tuning`."""
    return [f"pretraining.{n + 1}" for n in range(len(configuration.pretraining))] + ["fine_tuning"]


def draw_stages(
    configuration: Configuration, names: tuple[str, ...], *, cases: int, views: int
) -> Iterator[Stage]:
    """Yields the named trainings with views of a few images; the seed is the configuration's.

    Args:
        configuration: Its data must be there.
        names: Of `stage_names`; none for all.
        cases: Images or pairs of each training.
        views: Of each image.

    Raises:
        UserError: A name is unknown, or the data cannot be read.
    """
    known = stage_names(configuration)
    for name in names:
        if name not in known:
            raise UserError(f"--stage {name}: this configuration has {', '.join(known)}.")
    for index, name in enumerate(known):
        if names and name not in names:
            continue
        if name == "fine_tuning":
            yield _fine_tuning(configuration, cases, views)
        else:
            yield _pretraining(configuration, index, cases, views)


def _pretraining(configuration: Configuration, index: int, cases: int, views: int) -> Stage:
    step: PretrainingStep = configuration.pretraining[index]
    data = getattr(configuration.data, step.data)
    reader = _reader(configuration, data)
    if step.method == "micle":
        groups = sample_pairs(data, reader, step.pairs, cases, configuration.seed)
        of = f"pairs of images of one {step.pairs.pair_scope}"
    else:
        groups = sample_images(data, reader, cases, configuration.seed)
        of = "two views of one image"
    method = {"simclr": "SimCLR", "micle": "MICLe"}[step.method]
    return _stage(
        f"Pretraining step {index + 1}: {method} on {step.data} images, {of}",
        step.training.augmentation,
        groups,
        views,
        configuration.seed,
    )


def _fine_tuning(configuration: Configuration, cases: int, views: int) -> Stage:
    data = configuration.data.medical
    reader = _reader(configuration, data)
    return _stage(
        "Fine-tuning on labelled medical images",
        configuration.fine_tuning.training.augmentation,
        sample_images(data, reader, cases, configuration.seed),
        views,
        configuration.seed,
    )


def _reader(configuration: Configuration, data: DataSettings) -> ImageReader:
    side = configuration.encoder.image_size
    return ImageReader(Path(data.manifest), side, configuration.data.fit)


def _stage(
    title: str,
    settings: AugmentationSettings,
    groups: list[tuple[np.ndarray, ...]],
    views: int,
    seed: int,
) -> Stage:
    if not groups:
        raise UserError(f"{title}: no image can be read. Look at the data with 'micle validate'.")
    names = [
        f"{number} {'ab'[position]}" if len(group) > 1 else f"{number}"
        for number, group in enumerate(groups, start=1)
        for position in range(len(group))
    ]
    originals = np.stack([image for group in groups for image in group])
    repeated = to_unit_range(tf.repeat(tf.constant(originals), views, axis=0))
    made = augment(repeated, settings, tf.constant([seed, 0], tf.int64)).numpy()
    made = (made * 255).round().astype(np.uint8).reshape(len(names), views, *originals.shape[1:])
    rows = tuple(ImageWithViews(*row) for row in zip(names, originals, made, strict=True))
    return Stage(title, in_words(settings), rows)


def in_words(settings: AugmentationSettings) -> str:
    """Says what is done, leaving out what is switched off."""
    low, high = settings.crop_area
    parts = [
        (settings.equalise_probability, f"histogram equalised {settings.equalise_probability:.0%}"),
        (low < 1, f"crop {low:.0%} to {high:.0%} of the area"),
        (settings.horizontal_flip, f"left-right flip {settings.horizontal_flip:.0%}"),
        (settings.vertical_flip, f"up-down flip {settings.vertical_flip:.0%}"),
        (settings.rotation_degrees, f"rotation up to {settings.rotation_degrees:g}\N{DEGREE SIGN}"),
        (
            settings.colour_strength and settings.colour_probability,
            f"colours of strength {settings.colour_strength:g}, {settings.colour_probability:.0%}",
        ),
        (settings.grayscale_probability, f"grey {settings.grayscale_probability:.0%}"),
        (settings.blur_probability, f"blur {settings.blur_probability:.0%}"),
    ]
    return "; ".join(words for happens, words in parts if happens) or "nothing"
