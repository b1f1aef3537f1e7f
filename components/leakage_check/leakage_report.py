"""What the leakage check found: `leakage.json`, and beside it the cases to remove."""

import dataclasses
import json
from collections.abc import Iterator
from dataclasses import dataclass

import tensorflow as tf

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
        across_patients: Pairs of two patients: one patient under two identifiers, one image filed
            twice, or a phantom.
        leaked_cases: Cases that judge (validation, test, held out) of which an earlier split holds
            nearly the same image.
        removed: Whether the cases to remove are left out of what follows.
        natural_to_remove: Number of cases of natural images that leak; `read_to_remove` names them.
        medical_to_remove: Number of medical cases of the earlier split that leak.
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
    natural_to_remove: int
    medical_to_remove: int
    listed: tuple[tuple[tuple[str, ...], tuple[str, ...], float], ...]
    not_compared: int = 0

    def write(self, directory: str) -> None:
        """Writes `leakage.json` into a directory."""
        tf.io.gfile.makedirs(directory)
        with tf.io.gfile.GFile(f"{directory}/{REPORT}", "w") as file:
            file.write(json.dumps(dataclasses.asdict(self), indent=2) + "\n")


def read_leakage_report(directory: str) -> LeakageReport:
    """Reads `leakage.json` from a directory."""
    with tf.io.gfile.GFile(f"{directory}/{REPORT}") as file:
        values = json.loads(file.read())
    values["listed"] = tuple(
        (tuple(first), tuple(second), correlation)
        for first, second, correlation in values["listed"]
    )
    return LeakageReport(**values)


def to_remove_prefix(directory: str, data_set: str) -> str:
    """Returns how the names begin of the files that hold a case to remove in each line."""
    return f"{directory}/{data_set}_to_remove"


def read_to_remove(directory: str, data_set: str) -> Iterator[str]:
    """Yields the pseudonyms of the cases of a data set that leak.

    Args:
        directory: Of the report.
        data_set: `natural` or `medical`.
    """
    for path in tf.io.gfile.glob(f"{to_remove_prefix(directory, data_set)}-*"):
        with tf.io.gfile.GFile(path) as file:
            yield from (line.rstrip("\n") for line in file)


def remaining_leaks(report: LeakageReport) -> int:
    """Returns the cases that judge although an earlier split holds nearly the same image."""
    return 0 if report.removed else report.leaked_cases
