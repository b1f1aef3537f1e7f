"""Which images of a case or patient make a positive pair."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal


@dataclass(frozen=True)
class PairSettings:
    """Rules of MICLe's pairs (paper section 3.2).

    Attributes:
        pair_scope: Both images come from one `case`, or from one `patient`.
        pair_rule: `any` two images, two of a `different_view`, or two of the `same_view`.
        rounds: Each round holds one pair of every case (or patient); an epoch is one round, and
            the rounds take turns, so that all images of a case are used.
    """

    pair_scope: Literal["case", "patient"] = "case"
    pair_rule: Literal["any", "different_view", "same_view"] = "any"
    rounds: int = 4

    __pydantic_config__: ClassVar[Any] = {"extra": "forbid"}

    def __post_init__(self) -> None:
        if self.rounds < 1:
            raise ValueError(f"rounds must be at least 1. Received: {self.rounds}")
