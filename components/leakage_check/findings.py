"""Sums up near-duplicates: workers count their own, and the counts are added."""

import dataclasses
import heapq
from collections.abc import Iterable
from dataclasses import dataclass

import apache_beam as beam

from components.leakage_check.leakage_report import MOST_PAIRS_LISTED
from components.leakage_check.near_duplicates import NATURAL, ImageRecord, NearDuplicate


@dataclass(frozen=True)
class Findings:
    """Numbers of pairs, as `LeakageReport` names them, and the pairs that it lists."""

    pairs: int = 0
    across_splits: int = 0
    in_pretraining: int = 0
    across_sites: int = 0
    across_patients: int = 0
    first: tuple[NearDuplicate, ...] = ()

    def __add__(self, other: "Findings") -> "Findings":
        first = self.first
        if other.first:
            both = (*first, *other.first)
            first = tuple(heapq.nsmallest(MOST_PAIRS_LISTED, both, key=_leaks_first))
        return Findings(
            self.pairs + other.pairs,
            self.across_splits + other.across_splits,
            self.in_pretraining + other.in_pretraining,
            self.across_sites + other.across_sites,
            self.across_patients + other.across_patients,
            first,
        )

    @property
    def listed(self) -> tuple[tuple[tuple[str, ...], tuple[str, ...], float], ...]:
        """The first pairs, those that leak before others, as `LeakageReport` lists them."""
        return tuple(
            (_place(pair.first), _place(pair.second), round(pair.correlation, 4))
            for pair in self.first
        )


def findings(pair: NearDuplicate) -> Findings:
    """Returns what one pair adds."""
    return Findings(
        pairs=1,
        across_splits=int(pair.leaks),
        in_pretraining=int(pair.leaks and pair.first.data_set == NATURAL),
        across_sites=int(pair.first.site != pair.second.site),
        across_patients=int(pair.first.patient != pair.second.patient),
        first=(pair,),
    )


class SumUp(beam.CombineFn):
    """From `NearDuplicate`s to one `Findings`; holds as many pairs as are listed."""

    def create_accumulator(self) -> Findings:
        """Returns the sum of no pairs."""
        return Findings()

    def add_input(self, total: Findings, pair: NearDuplicate) -> Findings:
        """Adds a pair."""
        added = findings(pair)
        full = len(total.first) == MOST_PAIRS_LISTED
        if full and _leaks_first(total.first[-1]) <= _leaks_first(pair):
            # The list need not be sorted for each of millions.
            added = dataclasses.replace(added, first=())
        return total + added

    def merge_accumulators(self, totals: Iterable[Findings]) -> Findings:
        """Adds sums."""
        return sum(totals, Findings())

    def extract_output(self, total: Findings) -> Findings:
        """Returns the sum."""
        return total


def _leaks_first(pair: NearDuplicate) -> tuple[bool, NearDuplicate]:
    return not pair.leaks, pair


def _place(image: ImageRecord) -> tuple[str, ...]:
    return image.data_set, image.split, image.site, image.case
