"""How many rounds there are, and which of a patient's cases are in which."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from components.pair_builder.draws import draw
from components.pair_builder.settings import PairSettings

MAX_AUTO_ROUNDS = 16
"""Each round of a case with three or more images is written in full, so `auto` is bounded."""


@dataclass(frozen=True)
class PatientTally:
    """What `auto` looks at.

    Attributes:
        cases: Of one patient.
        images: Of all these cases.
        largest_case: Images of the case that has most.
    """

    cases: int
    images: int
    largest_case: int

    def __add__(self, other: "PatientTally") -> "PatientTally":
        return PatientTally(
            self.cases + other.cases,
            self.images + other.images,
            max(self.largest_case, other.largest_case),
        )


def rounds_needed(tally: PatientTally, settings: PairSettings) -> int:
    """Returns the rounds after which every image of a patient that has a partner was in a pair.

    A group of M images needs M / 2 rounds with `any`, since a pair uses two unused images; M with
    the other rules, under which the second may have been used. Where `max_pairs_per_patient`
    lets only some of the cases into a round, as many times more. At most `MAX_AUTO_ROUNDS`.
    """
    group = tally.images if settings.pair_scope == "patient" else tally.largest_case
    rounds = -(-group // 2) if settings.pair_rule == "any" else group
    if settings.max_pairs_per_patient is not None:
        rounds *= -(-tally.cases // settings.max_pairs_per_patient)
    return max(1, min(rounds, MAX_AUTO_ROUNDS))


@dataclass(frozen=True)
class Turn:
    """The place of a case among its patient's cases.

    Attributes:
        position: From 0, in the order of the draw.
        cases: Of the patient.
    """

    position: int
    cases: int

    def takes_part(self, round_number: int, max_pairs: int) -> bool:
        """Whether the case is in a round of at most `max_pairs` cases of its patient."""
        return (self.position - round_number * max_pairs) % self.cases < max_pairs


def turns_of_patient(
    case_ids: Iterable[str], max_pairs: int, seed: int
) -> Iterator[tuple[str, Turn]]:
    """Yields each case with its turn; nothing for a patient whose cases all fit into a round."""
    drawn = sorted(case_ids, key=lambda case_id: draw(seed, "turn", case_id))
    if len(drawn) > max_pairs:
        for position, case_id in enumerate(drawn):
            yield case_id, Turn(position, len(drawn))
