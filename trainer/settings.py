"""Settings of encoders, augmentation and training: frozen, checked when they are made.

Plain dataclasses, so that `trainer` needs nothing but TensorFlow; the pipeline's configuration
file is validated into the very same objects.
"""

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, TypeVar, get_args

from schemas.case_features import Task

Architecture = Literal[
    "resnet18",
    "resnet34",
    "resnet50",
    "resnet152",
    "keras_resnet50",
    "keras_resnet152",
    "bit_resnet50",
    "bit_resnet152",
]
Stem = Literal["small_image", "imagenet"]
Distribution = Literal["auto", "one_device", "mirrored", "multi_worker", "tpu"]
LearningRateScaling = Literal["linear", "sqrt"]
SelectionMetric = Literal["loss", "auc"]
Precision = Literal["float32", "mixed_bfloat16", "mixed_float16"]
"""Keras' dtype policies: in the mixed ones layers compute in 16 bits on float32 variables."""

SMALLEST_CROP = 8
"""Pixels a side; what is smaller shows no structure at all."""

_FORBID_UNKNOWN_FIELDS = {"extra": "forbid"}
T = TypeVar("T")


def _require(condition: bool, field_name: str, expected: str, received: object) -> None:
    if not condition:
        raise ValueError(f"{field_name} must be {expected}. Received: {received}")


def _require_one_of(choices: Any, field_name: str, received: object) -> None:
    known = get_args(choices)
    _require(received in known, field_name, f"one of {', '.join(known)}", received)


@dataclass(frozen=True)
class EncoderSettings:
    """A ResNet (He et al. 2016; width multiplier as in SimCLR).

    Attributes:
        architecture: Depth and block type. `resnet*` is SimCLR's network; `keras_resnet*` that of
            keras.applications (width 1); `bit_resnet*` that of BiT and REMEDIS, pre-activation
            with group normalisation (width a multiple of 0.5). The last two have the
            `imagenet` stem and are there for published weights.
        width_multiplier: Factor on every layer's channels; 1, 2 and 4 are published.
        stem: `imagenet` (7x7 stride 2, max pooling) or `small_image` (3x3 stride 1).
        image_size: Side of the square input, pixels.
        initial_image_size: Side of the images of an initial encoder's training, where that is
            meant to differ from `image_size` (paper: pretraining at 224, fine-tuning at 448).
    """

    architecture: Architecture = "resnet18"
    width_multiplier: float = 0.5
    stem: Stem = "small_image"
    image_size: int = 64
    initial_image_size: int | None = None

    __pydantic_config__: ClassVar[Any] = _FORBID_UNKNOWN_FIELDS

    def __post_init__(self) -> None:
        _require_one_of(Architecture, "architecture", self.architecture)
        _require_one_of(Stem, "stem", self.stem)
        width = self.width_multiplier
        known = isinstance(width, (int, float)) and 0 < width < math.inf
        _require(known, "width_multiplier", "a number above 0, such as 1, 2 or 4", width)
        _require(self.image_size >= 16, "image_size", "at least 16", self.image_size)
        initial_size = self.initial_image_size
        if initial_size is not None:
            _require(initial_size >= 16, "initial_image_size", "at least 16", initial_size)
        family = self.architecture.partition("_")[0]
        if family not in ("keras", "bit"):
            return
        _require(self.stem == "imagenet", "stem", f"imagenet for {self.architecture}", self.stem)
        if family == "keras":
            _require(width == 1, "width_multiplier", f"1 for {self.architecture}", width)
            _require(self.image_size >= 32, "image_size", "at least 32", self.image_size)
        else:
            whole_groups = width * 2 == int(width * 2)
            _require(whole_groups, "width_multiplier", "a multiple of 0.5 for bit_resnet*", width)


@dataclass(frozen=True)
class AugmentationSettings:
    """Random transformations of one view (SimCLR appendix A; medical changes: paper section 4).

    Attributes:
        crop_area: Smallest and largest share of the image's area that a crop keeps.
        horizontal_flip: Probability of a left-right flip.
        vertical_flip: Probability of an up-down flip.
        rotation_degrees: Rotation is uniform within plus and minus this angle.
        colour_strength: SimCLR's strength `s`: brightness, contrast, saturation 0.8 s, hue 0.2 s.
        colour_probability: Probability of the colour change.
        grayscale_probability: Probability of dropping colour.
        blur_probability: Probability of a Gaussian blur, sigma uniform in 0.1..2 at 224 pixels.
        equalise_probability: Probability of a histogram equalisation (REMEDIS, X-rays).
    """

    crop_area: tuple[float, float] = (0.3, 1.0)
    horizontal_flip: float = 0.5
    vertical_flip: float = 0.0
    rotation_degrees: float = 0.0
    colour_strength: float = 0.5
    colour_probability: float = 0.8
    grayscale_probability: float = 0.0
    blur_probability: float = 0.0
    equalise_probability: float = 0.0

    __pydantic_config__: ClassVar[Any] = _FORBID_UNKNOWN_FIELDS

    def __post_init__(self) -> None:
        low, high = self.crop_area
        _require(0 < low <= high <= 1, "crop_area", "0 < smallest <= largest <= 1", self.crop_area)
        _require(self.colour_strength >= 0, "colour_strength", "0 or more", self.colour_strength)
        _require(
            0 <= self.rotation_degrees <= 180,
            "rotation_degrees",
            "within 0..180",
            self.rotation_degrees,
        )
        for name in (
            "horizontal_flip",
            "vertical_flip",
            "colour_probability",
            "grayscale_probability",
            "blur_probability",
            "equalise_probability",
        ):
            value = getattr(self, name)
            _require(0 <= value <= 1, name, "a probability within 0..1", value)

    def misfit(self, image_size: int) -> str | None:
        """Returns what is wrong with these settings for images of that side, or None."""
        side = math.sqrt(self.crop_area[0]) * image_size
        if side >= SMALLEST_CROP:
            return None
        area = math.ceil(1000 * (SMALLEST_CROP / image_size) ** 2) / 1000
        wide = math.ceil(SMALLEST_CROP / math.sqrt(self.crop_area[0]))
        return (
            f"crop_area: its smallest crop is {side:.1f} pixels a side, less than the "
            f"{SMALLEST_CROP} that still show something. What fits: an area of at least {area:g}, "
            f"or encoder.image_size of at least {wide}."
        )


@dataclass(frozen=True)
class ContrastiveSettings:
    """Contrastive pretraining (SimCLR or MICLe; the pairs decide which).

    Attributes:
        epochs: Passes over the images (SimCLR) or over the cases (MICLe).
        batch_size: Positive pairs, of all replicas together, whose other pairs are the negatives.
        accumulation_steps: Batches of an update, whose gradients are averaged. The negatives are
            still those of one batch.
        temperature: Of NT-Xent (SimCLR equation 1).
        projection_layers: Dense layers of the projection head; the paper's code uses 3.
        projection_size: Length of the projected vector.
        optimizer: `lars` (paper) or `adamw` (small batches).
        learning_rate: Peak rate; for `lars` before its scaling.
        learning_rate_scaling: Of `lars`, by the pairs of an update: `linear` (x pairs / 256) or
            `sqrt` (x square root of pairs).
        weight_decay: Not applied to biases and batch normalisation.
        warmup_fraction: Share of the steps with a linear warm-up; cosine decay to 0 follows.
        ema_momentum: The encoder returned holds the exponential moving average of the weights
            with this momentum per update, such as 0.999; None for the last weights.
        precision: Of the layers' computation; weights and loss are float32 in any case.
        augmentation: Applied to each view on its own.
        checkpoint_seconds: Longest time between two checkpoints.
    """

    epochs: int = 10
    batch_size: int = 128
    accumulation_steps: int = 1
    temperature: float = 0.1
    projection_layers: int = 3
    projection_size: int = 128
    optimizer: Literal["lars", "adamw"] = "adamw"
    learning_rate: float = 0.001
    learning_rate_scaling: LearningRateScaling = "linear"
    weight_decay: float = 0.0001
    warmup_fraction: float = 0.05
    ema_momentum: float | None = None
    precision: Precision = "float32"
    augmentation: AugmentationSettings = field(default_factory=AugmentationSettings)
    checkpoint_seconds: float = 30.0

    __pydantic_config__: ClassVar[Any] = _FORBID_UNKNOWN_FIELDS

    def __post_init__(self) -> None:
        _require(self.epochs >= 1, "epochs", "at least 1", self.epochs)
        _require(self.batch_size >= 2, "batch_size", "at least 2 (negatives)", self.batch_size)
        _require(
            self.accumulation_steps >= 1,
            "accumulation_steps",
            "at least 1",
            self.accumulation_steps,
        )
        _require(
            self.ema_momentum is None or 0 < self.ema_momentum < 1,
            "ema_momentum",
            "within 0..1, or left out",
            self.ema_momentum,
        )
        _require(self.temperature > 0, "temperature", "above 0", self.temperature)
        _require(
            self.projection_layers >= 1, "projection_layers", "at least 1", self.projection_layers
        )
        _require(self.projection_size >= 2, "projection_size", "at least 2", self.projection_size)
        _check_optimization(self.learning_rate, self.weight_decay, self.warmup_fraction)


@dataclass(frozen=True)
class FineTuneSettings:
    """Supervised fine-tuning on labelled cases (paper section 3.3).

    Attributes:
        trainable: `network`, or `head`: a linear probe of the encoder, which stays as it is.
        features_from: `encoder`, or `projection_first_layer`: the first layer of the projection
            head becomes part of the classifier (SimCLRv2 section 3.3).
        epochs: Most passes over the labelled cases; a validation follows each.
        minimum_steps: Few labels make few steps: where `epochs` passes are fewer than this, every
            epoch is several passes (SimCLRv2: 60 passes over 1% of the labels, 30 over 10%). 0 for
            never.
        batch_size: Cases per step.
        optimizer: `adamw`, or `sgd` with Nesterov momentum 0.9 (paper).
        learning_rate: Peak rate.
        weight_decay: Not applied to biases and batch normalisation.
        warmup_fraction: Share of the steps with a linear warm-up; cosine decay to 0 follows.
        precision: Of the layers' computation in training; the model returned is float32.
        label_smoothing: Of the softmax target; multi-class only.
        class_weights: `none`; `balanced`: classes, or each finding's presence and absence, by
            inverse frequency; or a factor by class or finding, 1 where not named.
        max_images_per_case: In training, at most so many images of a case, drawn each time.
        selection_metric: Decides on validation which epoch is best: `loss`, or `auc` (the mean
            over the classes).
        patience: Stop after so many epochs without a better value of it.
        augmentation: Applied to every image in training.
        checkpoint_seconds: Longest time between two checkpoints.
    """

    trainable: Literal["network", "head"] = "network"
    features_from: Literal["encoder", "projection_first_layer"] = "encoder"
    epochs: int = 30
    minimum_steps: int = 0
    batch_size: int = 32
    optimizer: Literal["adamw", "sgd"] = "adamw"
    learning_rate: float = 0.0005
    weight_decay: float = 0.0001
    warmup_fraction: float = 0.1
    precision: Precision = "float32"
    label_smoothing: float = 0.0
    class_weights: str | dict[str, float] = "balanced"
    max_images_per_case: int = 4
    selection_metric: SelectionMetric = "loss"
    patience: int = 10
    augmentation: AugmentationSettings = field(
        default_factory=lambda: AugmentationSettings(crop_area=(0.6, 1.0), colour_strength=0.2)
    )
    checkpoint_seconds: float = 30.0

    __pydantic_config__: ClassVar[Any] = _FORBID_UNKNOWN_FIELDS

    def __post_init__(self) -> None:
        _require(self.epochs >= 1, "epochs", "at least 1", self.epochs)
        _require(self.minimum_steps >= 0, "minimum_steps", "0 or more", self.minimum_steps)
        _require(self.batch_size >= 1, "batch_size", "at least 1", self.batch_size)
        _require(
            0 <= self.label_smoothing < 1, "label_smoothing", "within 0..1", self.label_smoothing
        )
        _require(
            self.max_images_per_case >= 1,
            "max_images_per_case",
            "at least 1",
            self.max_images_per_case,
        )
        _require(self.patience >= 1, "patience", "at least 1", self.patience)
        _check_class_weights(self.class_weights)
        _check_optimization(self.learning_rate, self.weight_decay, self.warmup_fraction)

    def passes_per_epoch(self, steps_per_pass: int) -> int:
        """Returns how often an epoch goes over the cases, for passes of so many steps."""
        return max(1, math.ceil(self.minimum_steps / (self.epochs * steps_per_pass)))

    def misfits(self, task: Task, classes: Sequence[str]) -> tuple[str, ...]:
        """Says what of the settings does not fit a task and its classes, a line each."""
        lines = []
        if task == "multi_label" and self.label_smoothing > 0:
            lines.append("label_smoothing is for multi_class only. Leave it out, or set it to 0.")
        named = () if isinstance(self.class_weights, str) else self.class_weights
        unknown = [name for name in named if name not in classes]
        if unknown:
            lines.append(
                f"class_weights names {', '.join(unknown)}, which is not among the classes "
                f"{', '.join(classes)}."
            )
        return tuple(lines)


def _check_class_weights(weights: str | Mapping[str, float]) -> None:
    sound = weights in ("none", "balanced") if isinstance(weights, str) else bool(weights)
    _require(sound, "class_weights", "none, balanced, or a factor by class", weights)
    if isinstance(weights, str):
        return
    for name, weight in weights.items():
        _require(weight > 0 and math.isfinite(weight), f"class_weights.{name}", "above 0", weight)


def _check_optimization(learning_rate: float, weight_decay: float, warmup_fraction: float) -> None:
    _require(learning_rate > 0, "learning_rate", "above 0", learning_rate)
    _require(weight_decay >= 0, "weight_decay", "0 or more", weight_decay)
    _require(0 <= warmup_fraction < 1, "warmup_fraction", "within 0..1", warmup_fraction)


def to_json(settings: Any) -> str:
    """Serialises settings; the same settings give the same text."""
    return json.dumps(dataclasses.asdict(settings), sort_keys=True)


def from_json(settings_class: type[T], text: str) -> T:
    """Reads what `to_json` wrote; `augmentation` becomes an object again.

    Raises:
        TypeError: A field is unknown.
        ValueError: A value is out of its range.
    """
    values = json.loads(text)
    augmentation = values.get("augmentation")
    if augmentation is not None:
        augmentation["crop_area"] = tuple(augmentation["crop_area"])
        values["augmentation"] = AugmentationSettings(**augmentation)
    return settings_class(**values)
