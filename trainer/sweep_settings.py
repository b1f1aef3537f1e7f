"""The learning rates and weight decays that a sweep tries."""

import itertools
import json
import math
from dataclasses import dataclass
from typing import Any, ClassVar


def _check(name: str, values: tuple[float, ...], expected: str, *, allow_zero: bool) -> None:
    if not values or len(set(values)) < len(values):
        raise ValueError(f"{name} must hold one or more different numbers. Received: {values}")
    for value in values:
        if not math.isfinite(value) or value < 0 or (value == 0 and not allow_zero):
            raise ValueError(f"{name} must be {expected}. Received: {value}")


@dataclass(frozen=True)
class SweepSettings:
    """A grid: every learning rate with every weight decay.

    Attributes:
        learning_rates: Peak rates.
        weight_decays: With each of them.
    """

    learning_rates: tuple[float, ...]
    weight_decays: tuple[float, ...]

    __pydantic_config__: ClassVar[Any] = {"extra": "forbid"}

    def __post_init__(self) -> None:
        _check("learning_rates", self.learning_rates, "above 0", allow_zero=False)
        _check("weight_decays", self.weight_decays, "0 or more", allow_zero=True)

    def points(self) -> tuple[tuple[float, float], ...]:
        """Returns the pairs of learning rate and weight decay, in the order they are tried."""
        return tuple(itertools.product(self.learning_rates, self.weight_decays))


PAPER_SWEEP = SweepSettings(
    learning_rates=tuple(float(f"{10 ** (-3.5 + step / 2):.4g}") for step in range(7)),
    weight_decays=(0.0, 1e-5, 1e-4, 1e-3),
)
"""Seven rates, 10^-3.5 to 10^-0.5, log-spaced; weight decays 10^-5 to 10^-3, and none."""


def sweep_from_json(text: str) -> SweepSettings | None:
    """Reads what `trainer.settings.to_json` wrote; no text is no sweep."""
    if not text:
        return None
    return SweepSettings(**{name: tuple(values) for name, values in json.loads(text).items()})
