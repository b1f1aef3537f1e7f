"""Pairs of images that are nearly the same, without comparing every image with every other.

Two hashes of 64 bits that differ in at most three share at least two of five bands of bits. So
images are grouped by each pair of bands, and compared within a group only.
"""

import itertools
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from components.leakage_check.image_fingerprint import correlations
from schemas import case_features

NATURAL = "natural"
MEDICAL = "medical"

MOST_DIFFERENT_BITS = 3
LARGEST_GROUP = 20_000
"""Of a larger group (blank margins, a test pattern) only so many images are compared."""
MOST_PARTNERS = 16
"""An image that is like more others is paired with one of each kind."""

_BAND_ENDS = (0, 13, 26, 39, 52, 64)
_RANKS = {
    case_features.TRAIN: 0,
    case_features.VALIDATION: 1,
    case_features.TEST: 2,
    case_features.SHIFTED: 2,
}


class ImageRecord(NamedTuple):
    """One image of one case.

    Attributes:
        data_set: `natural` or `medical`.
        split: Of the case.
        site: Of the case.
        patient: Pseudonym.
        case: Pseudonym.
        number: Of the image within the case.
        bits: Perceptual hash, 64 bits.
        thumbnail: Grey pixels.
        digest: SHA-256 of the image's bytes.
    """

    data_set: str
    split: str
    site: str
    patient: str
    case: str
    number: int
    bits: int
    thumbnail: bytes
    digest: bytes

    @property
    def rank(self) -> int:
        """0 is trained on, 1 chooses among models, 2 judges them."""
        return _RANKS[self.split]

    def without_content(self) -> "ImageRecord":
        """Returns the record without its pixels and its digest, to be held and sent."""
        return self._replace(thumbnail=b"", digest=b"")


class NearDuplicate(NamedTuple):
    """Two images that are nearly the same; the first is of the earlier rank."""

    first: ImageRecord
    second: ImageRecord
    correlation: float

    @property
    def leaks(self) -> bool:
        """Whether one split has seen what a later one judges by."""
        return self.first.rank != self.second.rank


def keyed_pair(
    one: ImageRecord, other: ImageRecord, correlation: float
) -> tuple[str, NearDuplicate]:
    """Returns a pair in its order and without pixels, under a key that it always has."""
    first, second = sorted(
        (image.without_content() for image in (one, other)),
        key=lambda image: (image.rank, image),
    )
    return repr((first[:6], second[:6])), NearDuplicate(first, second, correlation)


def group_keys(image_hash: int) -> Iterator[tuple[int, int, int, int]]:
    """Yields ten keys; two hashes that differ in three bits or fewer share one."""
    bands = [
        (image_hash >> start) & ((1 << (end - start)) - 1)
        for start, end in itertools.pairwise(_BAND_ENDS)
    ]
    for one, other in itertools.combinations(range(len(bands)), 2):
        yield one, other, bands[one], bands[other]


def near_duplicates(
    images: Sequence[ImageRecord], min_correlation: float
) -> Iterator[tuple[str, NearDuplicate]]:
    """Yields the pairs within a group that tell something, each once, under its key.

    Two images of one patient in one split are meant to be alike; two natural images are nobody's
    concern. An image that is like more than `MOST_PARTNERS` others (a phantom, a placeholder) is
    paired with one of each kind: of each split's rank, patient or site the same or another. So an
    image that leaks is always in a pair that leaks, and pairs grow with images, not their square.

    Args:
        images: That share a key.
        min_correlation: Of two thumbnails.
    """
    ordered = sorted(images)
    group = _Group(ordered, min_correlation)
    paired: set[tuple[int, int]] = set()
    for number in range(len(ordered)):
        for other, correlation in group.partners(number):
            pair = (min(number, other), max(number, other))
            if pair not in paired:
                paired.add(pair)
                yield keyed_pair(ordered[number], ordered[other], correlation)


class _Group:
    """What is compared of images: numbers in place of texts, each fingerprint once."""

    def __init__(self, images: Sequence[ImageRecord], min_correlation: float) -> None:
        self._min_correlation = min_correlation
        self._natural = np.array([image.data_set == NATURAL for image in images])
        self._rank = np.array([image.rank for image in images])
        self._patient = _codes(image.patient for image in images)
        self._site = _codes(image.site for image in images)
        self._print = _codes((image.bits, image.thumbnail) for image in images)
        _, firsts = np.unique(self._print, return_index=True)
        self._bits = np.array([images[first].bits for first in firsts], np.uint64)
        self._thumbnails = np.stack(
            [np.frombuffer(images[first].thumbnail, np.uint8) for first in firsts]
        )
        self._alike: dict[int, npt.NDArray[np.float64]] = {}

    def partners(self, number: int) -> Iterator[tuple[int, float]]:
        """Yields the images to pair one with, and their correlations."""
        alike = self._alike_prints(int(self._print[number]))[self._print]
        matters = (alike > 0) & self._tells_something(number)
        matters[number] = False
        others = np.flatnonzero(matters)
        if len(others) > MOST_PARTNERS:
            kinds = (
                (self._natural[others] * (max(_RANKS.values()) + 1) + self._rank[others]) * 4
                + (self._patient[others] == self._patient[number]) * 2
                + (self._site[others] == self._site[number])
            )
            _, firsts = np.unique(kinds, return_index=True)
            others = others[firsts]
        for other in others.tolist():
            yield other, float(alike[other])

    def _tells_something(self, number: int) -> npt.NDArray[np.bool_]:
        differs = (
            (self._rank != self._rank[number])
            | (self._patient != self._patient[number])
            | (self._site != self._site[number])
        )
        return differs & ~(self._natural & self._natural[number])

    def _alike_prints(self, number: int) -> npt.NDArray[np.float64]:
        """Returns float64 [fingerprints]: the correlation where two are alike, 0 where not."""
        if number not in self._alike:
            differing = np.bitwise_xor(self._bits, self._bits[number])
            different = np.unpackbits(differing.view(np.uint8).reshape(-1, 8), axis=1).sum(axis=1)
            near = np.flatnonzero(different <= MOST_DIFFERENT_BITS)
            found = correlations(self._thumbnails[number], self._thumbnails[near])
            alike = np.zeros(len(self._bits))
            alike[near] = np.where(found >= self._min_correlation, found, 0)
            # Kept for the next image, which has the same fingerprint where it is a copy.
            self._alike = {number: alike}
        return self._alike[number]


def _codes(values: Iterable[Hashable]) -> npt.NDArray[np.intp]:
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(value, len(numbers)) for value in values], np.intp)
