"""How far a study is: what has taken how long, and roughly how long the rest will take."""

import re
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, TextIO

from pipeline.console import RunConsole
from pipeline.study.finished import FinishedNodes
from trainer.progress import Progress as TrainingProgress

if TYPE_CHECKING:
    from pipeline.node_launch import NodeResult

_SEED = re.compile(r"-s\d+(?=-head$|$)")
_START = re.compile(r"^(fine-tune|predict|evaluate)-.*(?=-f[0-9p]+(-head)?$)")


def kind_of(node_id: str) -> str:
    """Returns what nodes of about the same length have in common.

    Those of other seeds, and fine-tunings on the same share of the labels from other starts.
    """
    return _START.sub(r"\1", _SEED.sub("", node_id))


@dataclass(frozen=True)
class TimeLeft:
    """Roughly how long the rest takes.

    Attributes:
        seconds: Of all nodes of which something is known.
        is_least: Some kind of training is not among them.
    """

    seconds: float
    is_least: bool


def time_left(
    durations: Mapping[str, float], remaining: Iterable[str], work: Mapping[str, float]
) -> TimeLeft:
    """Estimates the rest from finished nodes of the same kind.

    A training of a kind not yet seen is taken to need as long for its work as the pretrainings, or
    the fine-tunings of that sort, that ran.

    Args:
        durations: Seconds of finished nodes by id.
        remaining: Ids of the others.
        work: Of trainings by id, what `training_work` returns.
    """
    by_kind: dict[str, list[float]] = defaultdict(list)
    by_sort: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for node_id, seconds in durations.items():
        by_kind[kind_of(node_id)].append(seconds)
        if work.get(node_id):
            by_sort[_sort_of(node_id)].append((seconds, work[node_id]))
    total, is_least = 0.0, False
    for node_id in remaining:
        if seen := by_kind.get(kind_of(node_id)):
            total += fmean(seen)
        elif node_id.startswith(("pretrain-", "fine-tune-")):
            like = by_sort.get(_sort_of(node_id), [])
            is_least = is_least or not like
            total += sum(s for s, _ in like) / (sum(w for _, w in like) or 1) * work.get(node_id, 0)
    return TimeLeft(total, is_least)


def _sort_of(node_id: str) -> str:
    """Returns whether a training is a pretraining, a fine-tuning, or one of a head alone."""
    return node_id.partition("-")[0] + ("-head" if node_id.endswith("-head") else "")


def rough_time(seconds: float) -> str:
    """Returns `40 s`, `5 min` or `3.4 h`."""
    if seconds < 120:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


class StudyConsole(RunConsole):
    """Shows the nodes as a run does, with the rough time left, and keeps what is finished."""

    def __init__(
        self,
        terminal: TextIO,
        node_ids: Iterable[str],
        finished: FinishedNodes,
        workers: int,
        work: Mapping[str, float],
    ) -> None:
        """Shows nothing yet.

        Args:
            terminal: Where to show it.
            node_ids: All nodes.
            finished: What is recorded of those that ended.
            workers: Nodes at a time.
            work: What `training_work` returns.
        """
        super().__init__(terminal)
        self._remaining = dict.fromkeys(node_ids)
        self._finished = finished
        self._workers = workers
        self._work = work
        self._node_starts: dict[str, float] = {}

    def node_started(self, node_id: str, number: int, total: int) -> None:
        """As of a run."""
        self._node_starts[node_id] = time.monotonic()
        super().node_started(node_id, number, total)

    def node_finished(self, node_id: str, result: "NodeResult") -> None:
        """Records the node; after one that ran, says how long the rest will take."""
        super().node_finished(node_id, result)
        seconds = time.monotonic() - self._node_starts.pop(node_id)
        self._finished.add(node_id, seconds, dict(result.output_uris), result.cached)
        self._remaining.pop(node_id, None)
        left = time_left(self._durations(), self._remaining, self._work)
        if left.seconds and not result.cached:
            self.console.print(f"       {self._words(left)} left")

    def figures(self, node_id: str, progress: TrainingProgress) -> str:
        """Adds how long the whole study will take: a training may go on for hours."""
        of_training = super().figures(node_id, progress)
        own = progress.seconds_left
        if own is None:
            return of_training
        # What others of its kind will take it tells while it runs.
        durations = self._durations() | {node_id: progress.total / progress.rate}
        others = [name for name in self._remaining if name != node_id]
        left = time_left(durations, others, self._work)
        left = TimeLeft(left.seconds + own, left.is_least)
        return f"{of_training}  (study: {self._words(left)} left)"

    def _durations(self) -> dict[str, float]:
        return {name: node.seconds for name, node in self._finished.nodes.items()}

    def _words(self, left: TimeLeft) -> str:
        words = "at least" if left.is_least else "about"
        return f"{words} {rough_time(left.seconds / self._workers)}"
