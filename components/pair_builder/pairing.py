"""The pairs of one group of images: one a round, deterministic, every image used in turn."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

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
    # Lists, since most groups have a few images: an array operation takes longer than all of them.
    used = [0] * len(images)
    pairable = rule.pairable()
    for _ in range(rounds):
        tie_break = random.random(len(images)).tolist()
        preference = list(zip(used, tie_break, strict=True))
        if not pairable:
            first = second = min(range(len(images)), key=preference.__getitem__)
        else:
            first = min(pairable, key=preference.__getitem__)
            second = min(rule.partners(first), key=preference.__getitem__)
        used[first] += 1
        used[second] += 1
        yield first, second


def has_pair(images: Sequence[ImageTraits], pair_rule: PairRule) -> bool:
    """Whether any two of the images of a group may make a pair."""
    return bool(_Rule(images, pair_rule).pairable())


class _Rule:
    """A pair rule on the images of one group."""

    def __init__(self, images: Sequence[ImageTraits], pair_rule: PairRule) -> None:
        self._pair_rule = pair_rule
        by_visit = pair_rule == "different_visit"
        self._traits = [image.visit if by_visit else image.view for image in images]
        # Two images of unknown views or visits may be of one, or of two.
        self._known = [
            index
            for index, trait in enumerate(self._traits)
            if pair_rule == "any" or trait != UNKNOWN
        ]

    def partners(self, index: int) -> list[int]:
        """Returns which others may be paired with an image, one that is pairable."""
        others = [other for other in self._known if other != index]
        if self._pair_rule == "any":
            return others
        trait, same = self._traits[index], self._pair_rule == "same_view"
        return [other for other in others if (self._traits[other] == trait) == same]

    def pairable(self) -> list[int]:
        """Returns which images have a partner at all."""
        if self._pair_rule == "any":
            return self._known if len(self._known) > 1 else []
        counts = Counter(self._traits[index] for index in self._known)
        # How many of one trait leave no image a partner: that one alone, or all that are known.
        alone = 1 if self._pair_rule == "same_view" else len(self._known)
        return [index for index in self._known if counts[self._traits[index]] != alone]
