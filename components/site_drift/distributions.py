"""How the values of one feature are spread over the cases or images of some sites."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from components.site_drift.divergence import Bucket, jensen_shannon_divergence
from schemas.case_features import UNKNOWN


@dataclass(frozen=True)
class Shares:
    """A feature whose values are words.

    Attributes:
        counts: Cases or images by value.
    """

    counts: Mapping[str, float]

    @property
    def total(self) -> float:
        """All counted values."""
        return sum(self.counts.values())

    def share(self, value: str) -> float:
        """Returns the share of one value."""
        return self.counts.get(value, 0.0) / self.total


@dataclass(frozen=True)
class Numbers:
    """A feature whose values are numbers.

    Attributes:
        buckets: Of a histogram.
        mean: Of the values.
    """

    buckets: tuple[Bucket, ...]
    mean: float

    @property
    def total(self) -> float:
        """All counted values."""
        return sum(bucket.count for bucket in self.buckets)


Distribution = Shares | Numbers


@dataclass(frozen=True)
class SiteData:
    """What is known of the cases of one site.

    Attributes:
        cases: Their number.
        features: Distributions by feature: `view`, `known_finding:edema`.
    """

    cases: int
    features: Mapping[str, Distribution]


def known_shares(counts: Mapping[str, float]) -> Shares:
    """Returns the shares of what is known: a site that states no view has no other views."""
    return Shares({value: n for value, n in counts.items() if value != UNKNOWN})


def numbers_of(values: npt.ArrayLike, buckets: int = 10) -> Numbers:
    """Returns the distribution of single values, in as many buckets as TFDV makes.

    Args:
        values: float [n], at least one.
        buckets: Of equal width, from the least to the greatest value.
    """
    array = np.asarray(values, np.float64)
    if array.min() == array.max():
        return Numbers((Bucket(array[0], array[0], len(array)),), float(array[0]))
    counts, edges = np.histogram(array, buckets)
    pieces = zip(edges[:-1], edges[1:], counts, strict=True)
    return Numbers(
        tuple(Bucket(float(low), float(high), float(count)) for low, high, count in pieces),
        float(array.mean()),
    )


def pooled(sites: Iterable[SiteData]) -> SiteData:
    """Returns the cases of several sites taken together."""
    members = list(sites)
    by_feature: dict[str, list[Distribution]] = {}
    for site in members:
        for name, distribution in site.features.items():
            if distribution.total:
                by_feature.setdefault(name, []).append(distribution)
    return SiteData(
        sum(site.cases for site in members),
        {name: _pooled(found) for name, found in by_feature.items()},
    )


def _pooled(distributions: list[Distribution]) -> Distribution:
    numbers = [found for found in distributions if isinstance(found, Numbers)]
    if not numbers:
        counts: Counter[str] = Counter()
        for shares in distributions:
            counts.update(shares.counts)  # type: ignore[union-attr]
        return Shares(counts)
    total = sum(found.total for found in numbers)
    return Numbers(
        tuple(bucket for found in numbers for bucket in found.buckets),
        sum(found.mean * found.total for found in numbers) / total,
    )


@dataclass(frozen=True)
class Distance:
    """How far two distributions are apart, 0 alike to 1 without anything in common.

    Attributes:
        value: Of shares, the largest difference of a share (L-infinity); of numbers, the
            Jensen-Shannon divergence.
        of: The word whose share differs most; blank for numbers.
        here: Its share in the first distribution, or the mean of the numbers.
        elsewhere: The same of the second.
    """

    value: float
    of: str
    here: float
    elsewhere: float


def distance(first: Distribution, second: Distribution) -> Distance | None:
    """Returns TFDV's distance of two distributions; None if one holds nothing."""
    if not (first.total and second.total):
        return None
    if isinstance(first, Numbers) and isinstance(second, Numbers):
        divergence = jensen_shannon_divergence(first.buckets, second.buckets)
        return Distance(divergence, "", first.mean, second.mean)
    if isinstance(first, Shares) and isinstance(second, Shares):
        words = {*first.counts, *second.counts}
        # Of two values that mirror each other the last by name: `1`, present, rather than `0`.
        most = max(words, key=lambda w: (round(abs(first.share(w) - second.share(w)), 9), w))
        here, elsewhere = first.share(most), second.share(most)
        return Distance(abs(here - elsewhere), most, here, elsewhere)
    return None
