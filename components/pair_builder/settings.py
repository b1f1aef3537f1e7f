"""Which images of a case or patient make a positive pair."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

PairScope = Literal["case", "patient"]
PairRule = Literal["any", "different_view", "same_view", "different_visit"]


@dataclass(frozen=True)
class PairSettings:
    """Rules of MICLe's pairs (paper section 3.2).

    Attributes:
        pair_scope: Both images come from one `case`, or from one `patient`.
        pair_rule: `any` two images, two of a `different_view`, of the `same_view`, or of a
            `different_visit`.
        rounds: Each round holds one pair of every case (or patient); an epoch is one round, and
            the rounds take turns, so that all images of a case are used. `auto` makes enough of
            them that every image is used, see `rounds_needed`.
        max_pairs_per_patient: With `pair_scope: case`, the largest number of a patient's cases in
            one round; the cases take turns. None = all of them.
        single_image_pairs: A case (or patient) of which no two images may be paired is kept as two
            views of one image, as in the paper; False leaves it out.
    """

    pair_scope: PairScope = "case"
    pair_rule: PairRule = "any"
    rounds: int | Literal["auto"] = 4
    max_pairs_per_patient: int | None = None
    single_image_pairs: bool = True

    __pydantic_config__: ClassVar[Any] = {"extra": "forbid"}

    def __post_init__(self) -> None:
        if self.rounds != "auto" and self.rounds < 1:
            raise ValueError(f"rounds must be at least 1, or auto. Received: {self.rounds}")
        if self.max_pairs_per_patient is None:
            return
        if self.max_pairs_per_patient < 1:
            raise ValueError(
                "max_pairs_per_patient must be at least 1, or be left out. "
                f"Received: {self.max_pairs_per_patient}"
            )
        if self.pair_scope == "patient":
            raise ValueError(
                "max_pairs_per_patient is for pair_scope case: with pair_scope patient, a round "
                "holds one pair of each patient. Leave it out"
            )
