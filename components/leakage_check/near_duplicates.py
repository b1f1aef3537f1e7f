"""Pairs of images that are nearly the same, without comparing every image with every other.

Two hashes of 64 bits that differ in at most three share at least two of five bands of bits. So
images are grouped by each pair of bands, and compared within a group only.
"""

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from components.leakage_check.image_fingerprint import correlations
from schemas import case_features

NATURAL = "natural"
MEDICAL = "medical"

MOST_DIFFERENT_BITS = 3
LARGEST_GROUP = 20_000
"""Of a larger group (blank margins, a test pattern) only so many images are compared."""

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
    """

    data_set: str
    split: str
    site: str
    patient: str
    case: str
    number: int
    bits: int
    thumbnail: bytes

    @property
    def rank(self) -> int:
        """0 is trained on, 1 chooses among models, 2 judges them."""
        return _RANKS[self.split]


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
        (image._replace(thumbnail=b"") for image in (one, other)),
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
    concern.

    Args:
        images: That share a key.
        min_correlation: Of two thumbnails.
    """
    ordered = sorted(images)[:LARGEST_GROUP]
    hashes = np.array([image.bits for image in ordered], np.uint64)
    thumbnails = np.stack([np.frombuffer(image.thumbnail, np.uint8) for image in ordered])
    for number, image in enumerate(ordered[:-1]):
        differing = np.bitwise_xor(hashes[number + 1 :], hashes[number])
        different = np.unpackbits(differing.view(np.uint8).reshape(-1, 8), axis=1).sum(axis=1)
        candidates = number + 1 + np.flatnonzero(different <= MOST_DIFFERENT_BITS)
        candidates = np.array([c for c in candidates if _matters(image, ordered[c])], np.intp)
        if not len(candidates):
            continue
        alike = correlations(thumbnails[number], thumbnails[candidates])
        for other, correlation in zip(candidates, alike, strict=True):
            if correlation >= min_correlation:
                yield keyed_pair(image, ordered[other], float(correlation))


def _matters(one: ImageRecord, other: ImageRecord) -> bool:
    if one.data_set == other.data_set == NATURAL:
        return False
    return one.rank != other.rank or one.patient != other.patient or one.site != other.site
