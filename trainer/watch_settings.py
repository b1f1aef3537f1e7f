"""How a contrastive training is watched; no part of the training itself."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

READINGS = 10
LARGEST_SHARE = 0.05
PASSES_PER_TRAINED_VIEW = 3
"""A backward pass costs about two forward passes; watching needs the forward pass alone."""


@dataclass(frozen=True)
class WatchSettings:
    """How often embeddings are measured, and on how many labelled cases.

    Attributes:
        every: Steps between two readings; 0 for none; None for ten readings, or fewer where ten
            would need more than a twentieth of the training's network passes. Unless it is 0, the
            first and the last step that the training reports are read in any case.
        train_cases: Most labelled training cases, which vote and fit the linear probe.
        validation_cases: Most labelled validation cases, which are asked.
    """

    every: int | None = None
    train_cases: int = 500
    validation_cases: int = 300

    __pydantic_config__: ClassVar[Any] = {"extra": "forbid"}

    def __post_init__(self) -> None:
        for name, least in (("every", 0), ("train_cases", 1), ("validation_cases", 1)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise ValueError(f"{name} must be {least} or more. Received: {value}")

    def interval(self, *, total_steps: int, batch_size: int, images_per_reading: int) -> int:
        """Returns the steps between two readings; 0 for none.

        Args:
            total_steps: Of the training.
            batch_size: Pairs per step.
            images_per_reading: Images to embed in one reading.
        """
        if self.every is not None:
            return self.every
        passes_per_step = PASSES_PER_TRAINED_VIEW * 2 * batch_size
        cheap_enough = images_per_reading / (LARGEST_SHARE * passes_per_step)
        return math.ceil(max(total_steps / READINGS, cheap_enough))
