"""The pairs of one group of images: one a round, deterministic, every image used in turn."""

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np

DIFFERENT_IMAGE = "different_image"
SINGLE_IMAGE = "single_image"


def pairs_by_round(
    views: Sequence[str], pair_rule: str, rounds: int, seed: int, group: str
) -> Iterator[tuple[int, int]]:
    """Yields one pair of image indices for each round.

    Both images of a pair are different where the rule allows any such pair; otherwise both indices
    are the same image, from which two augmented views are made (SimCLR's pair, as the paper does
    for a case with one image). The least used image comes first, so use is even. Cost and memory
    grow with the number of images, not with the number of possible pairs.

    Args:
        views: View of each image, at least one.
        pair_rule: `any`, `different_view` or `same_view`.
        rounds: Number of pairs to yield.
        seed: Of the pairing.
        group: Identifier of the case or patient; with `seed` it decides every draw.
    """
    random = np.random.default_rng(_entropy(seed, group))
    used = np.zeros(len(views), dtype=np.int64)
    partners_allowed = [_partners(index, views, pair_rule) for index in range(len(views))]
    pairable = np.array([partners.any() for partners in partners_allowed])
    for _ in range(rounds):
        tie_break = random.random(len(views))
        candidates = pairable if pairable.any() else np.ones(len(views), dtype=bool)
        first = _least_used(used, tie_break, candidates)
        second = first
        if pairable.any():
            second = _least_used(used, tie_break, partners_allowed[first])
        used[first] += 1
        used[second] += 1
        yield first, second


def _partners(index: int, views: Sequence[str], pair_rule: str) -> np.ndarray:
    same_view = np.array([view == views[index] for view in views])
    allowed = {
        "any": np.ones(len(views), dtype=bool),
        "same_view": same_view,
        "different_view": ~same_view,
    }[pair_rule]
    allowed = allowed.copy()
    allowed[index] = False
    return allowed


def _least_used(used: np.ndarray, tie_break: np.ndarray, candidates: np.ndarray) -> int:
    order = np.lexsort((tie_break, used))
    return int(order[candidates[order]][0])


def _entropy(seed: int, group: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}:{group}".encode()).digest()[:16], "big")
