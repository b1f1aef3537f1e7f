"""What the leakage check does about what it finds."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal


@dataclass(frozen=True)
class LeakageSettings:
    """How near-duplicates are found and what follows.

    Attributes:
        action: `report` counts them; `remove` leaves the training side's cases out; `stop` ends the
            run if a training split holds an image that a later split holds too.
        min_correlation: Of two thumbnails, from which on two images count as the same.
    """

    action: Literal["report", "remove", "stop"] = "report"
    min_correlation: float = 0.99

    __pydantic_config__: ClassVar[Any] = {"extra": "forbid"}

    def __post_init__(self) -> None:
        if not 0.9 <= self.min_correlation <= 1:
            raise ValueError(
                f"min_correlation must be within 0.9..1. Received: {self.min_correlation}"
            )
