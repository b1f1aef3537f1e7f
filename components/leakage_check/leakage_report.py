"""What the leakage check found: `leakage.json`."""

import dataclasses
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from components.leakage_check.near_duplicates import NATURAL, ImageRecord, NearDuplicate

REPORT = "leakage.json"
MOST_PAIRS_LISTED = 200


@dataclass(frozen=True)
class LeakageReport:
    """Near-duplicates, by what they may harm. Cases are named by their pseudonyms.

    Attributes:
        images: Images compared.
        pairs: Near-duplicates found.
        across_splits: Of them, pairs of a split that trains or chooses and one that judges it.
        in_pretraining: Of those, pairs of a natural image and a medical one.
        across_sites: Pairs of two sites.
        across_patients: Pairs of two patients: one patient under two identifiers, or one image
            filed twice.
        leaked_cases: Cases that judge (validation, test, held out) of which an earlier split holds
            nearly the same image.
        removed: Whether the cases to remove are left out of what follows.
        natural_to_remove: Cases of natural images that leak.
        medical_to_remove: Medical cases of the earlier split that leak.
        listed: Up to 200 pairs, each `[data set, split, site, case]` twice and the correlation.
        not_compared: Images left out of a group of alike hashes that was too large, once a group.
    """

    images: int
    pairs: int
    across_splits: int
    in_pretraining: int
    across_sites: int
    across_patients: int
    leaked_cases: int
    removed: bool
    natural_to_remove: tuple[str, ...]
    medical_to_remove: tuple[str, ...]
    listed: tuple[tuple[tuple[str, ...], tuple[str, ...], float], ...]
    not_compared: int = 0

    def write(self, directory: str) -> None:
        """Writes `leakage.json` into a directory."""
        Path(directory).mkdir(parents=True, exist_ok=True)
        text = json.dumps(dataclasses.asdict(self), indent=2)
        Path(directory, REPORT).write_text(text + "\n")


def read_leakage_report(directory: str) -> LeakageReport:
    """Reads `leakage.json` from a directory."""
    values = json.loads(Path(directory, REPORT).read_text())
    for name in ("natural_to_remove", "medical_to_remove"):
        values[name] = tuple(values[name])
    values["listed"] = tuple(
        (tuple(first), tuple(second), correlation)
        for first, second, correlation in values["listed"]
    )
    return LeakageReport(**values)


def leakage_report(
    images: int, found: Iterable[NearDuplicate], *, removed: bool = False, not_compared: int = 0
) -> LeakageReport:
    """Sums up the near-duplicates; their order does not matter.

    Args:
        images: Images compared.
        found: Each pair once.
        removed: Whether what leaks is left out of what follows.
        not_compared: Images left out of groups that were too large.
    """
    pairs = sorted(found)
    leaks = [pair for pair in pairs if pair.leaks]
    earlier = {(pair.first.data_set, pair.first.case) for pair in leaks}
    return LeakageReport(
        images=images,
        pairs=len(pairs),
        across_splits=len(leaks),
        in_pretraining=sum(pair.first.data_set == NATURAL for pair in leaks),
        across_sites=sum(pair.first.site != pair.second.site for pair in pairs),
        across_patients=sum(pair.first.patient != pair.second.patient for pair in pairs),
        leaked_cases=len({pair.second.case for pair in leaks}),
        removed=removed,
        natural_to_remove=tuple(sorted(case for name, case in earlier if name == NATURAL)),
        medical_to_remove=tuple(sorted(case for name, case in earlier if name != NATURAL)),
        listed=tuple(
            (_place(pair.first), _place(pair.second), round(pair.correlation, 4))
            for pair in sorted(pairs, key=lambda pair: not pair.leaks)[:MOST_PAIRS_LISTED]
        ),
        not_compared=not_compared,
    )


def remaining_leaks(report: LeakageReport) -> int:
    """Returns the cases that judge although an earlier split holds nearly the same image."""
    return 0 if report.removed else report.leaked_cases


def _place(image: ImageRecord) -> tuple[str, ...]:
    return image.data_set, image.split, image.site, image.case
