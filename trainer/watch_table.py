"""The readings of a watched training, as a table on disk."""

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

WATCH = "watch.csv"

MEASURES = (
    "loss",
    "accuracy",
    "entropy",
    "learning_rate",
    "alignment",
    "uniformity",
    "knn_accuracy",
    "knn_auc",
    "probe_accuracy",
    "probe_auc",
)


@dataclass(frozen=True)
class WatchRow:
    """One reading.

    Attributes:
        step: Steps done.
        values: Those of `MEASURES` that there are.
    """

    step: int
    values: Mapping[str, float]


def write_watch_table(path: Path, rows: Sequence[WatchRow]) -> None:
    """Writes a line a reading under a header; what is not there, or not a number, stays empty.

    The file appears under its name only when it is complete.
    """
    unfinished = path.with_suffix(".unfinished")
    with unfinished.open("w", newline="") as file:
        writer = csv.DictWriter(file, ["step", *MEASURES])
        writer.writeheader()
        for row in rows:
            numbers = {name: v for name, v in row.values.items() if not math.isnan(v)}
            writer.writerow({"step": row.step, **numbers})
    unfinished.replace(path)


def read_watch_table(path: Path) -> list[WatchRow]:
    """Reads what `write_watch_table` wrote; nothing, if there is no such file."""
    if not path.is_file():
        return []
    with path.open(newline="") as file:
        return [
            WatchRow(int(line.pop("step")), {name: float(v) for name, v in line.items() if v})
            for line in csv.DictReader(file)
        ]
