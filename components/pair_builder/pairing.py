"""The pairs of one group of images: one a round, deterministic, every image used in turn."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from components.pair_builder.draws import draw
from components.pair_builder.settings import PairRule
from schemas.case_features import UNKNOWN

DIFFERENT_IMAGE = "different_image"
SINGLE_IMAGE = "single_image"


@dataclass(frozen=True)
class ImageTraits:
    """What a pair rule looks at.

    Attributes:
        view: As in the manifest.
        visit: Days since the patient's first visit, or the visit's number, or `unknown`.
    """

    view: str
    visit: str = UNKNOWN


def pairs_by_round(
    images: Sequence[ImageTraits], pair_rule: PairRule, rounds: int, seed: int, group: str
) -> Iterator[tuple[int, int]]:
    """Yields one pair of image indices for each round.

    Both images of a pair are different where the rule allows any such pair; otherwise both indices
    are the same image, from which two augmented views are made (SimCLR's pair, as the paper does
    for a case with one image). The least used image comes first, so use is even: every image that
    has a partner is in a pair after as many rounds as there are images, with `any` after half as
    many. Cost and memory of a round grow with the number of images.

    Args:
        images: At least one.
        pair_rule: Which two images may make a pair.
        rounds: Number of pairs to yield.
        seed: Of the pairing.
        group: Identifier of the case or patient; with `seed` it decides every draw.
    """
    random = np.random.default_rng(draw(seed, group))
    rule = _Rule(images, pair_rule)
    used = np.zeros(len(images), dtype=np.int64)
    pairable = rule.pairable()
    for _ in range(rounds):
        tie_break = random.random(len(images))
        if not pairable.any():
            first = second = _least_used(used, tie_break, ~pairable)
        else:
            first = _least_used(used, tie_break, pairable)
            second = _least_used(used, tie_break, rule.partners(first))
        used[first] += 1
        used[second] += 1
        yield first, second


def has_pair(images: Sequence[ImageTraits], pair_rule: PairRule) -> bool:
    """Whether any two of the images of a group may make a pair; quick, for many small groups."""
    if pair_rule == "any":
        return len(images) > 1
    traits = [image.visit if pair_rule == "different_visit" else image.view for image in images]
    known = [trait for trait in traits if trait != UNKNOWN]
    return len(known) > len(set(known)) if pair_rule == "same_view" else len(set(known)) > 1


class _Rule:
    """A pair rule on the images of one group."""

    def __init__(self, images: Sequence[ImageTraits], pair_rule: PairRule) -> None:
        self._pair_rule = pair_rule
        by_visit = pair_rule == "different_visit"
        traits = [image.visit if by_visit else image.view for image in images]
        codes = {trait: code for code, trait in enumerate(dict.fromkeys(traits))}
        self._traits = np.array([codes[trait] for trait in traits])
        # Two images of unknown views or visits may be of one, or of two.
        self._known = np.array([pair_rule == "any" or trait != UNKNOWN for trait in traits])

    def partners(self, index: int) -> npt.NDArray[np.bool_]:
        """Returns bool [images]: which others may be paired with this one."""
        same = self._traits == self._traits[index]
        if self._pair_rule == "any":
            same[:] = False
        allowed = (same if self._pair_rule == "same_view" else ~same) & self._known
        allowed[index] = False
        return allowed & self._known[index]

    def pairable(self) -> npt.NDArray[np.bool_]:
        """Returns bool [images]: which have a partner at all."""
        counts = Counter(self._traits[self._known].tolist())
        known = int(self._known.sum())
        same = np.array([counts[trait] for trait in self._traits.tolist()])
        if self._pair_rule == "any":
            others = np.full(len(same), known - 1)
        elif self._pair_rule == "same_view":
            others = same - 1
        else:
            others = known - same
        return self._known & (others > 0)


def _least_used(
    used: npt.NDArray[np.int64],
    tie_break: npt.NDArray[np.float64],
    candidates: npt.NDArray[np.bool_],
) -> int:
    order = np.lexsort((tie_break, used))
    return int(order[candidates[order]][0])
