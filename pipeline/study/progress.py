"""How far a study is: what has taken how long, and roughly how long the rest will take."""

import re
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from statistics import fmean
from typing import TYPE_CHECKING, TextIO

from pipeline.console import RunConsole
from pipeline.study.finished import FinishedNodes

if TYPE_CHECKING:
    from pipeline.node_launch import NodeResult

_SEED = re.compile(r"-s\d+(?=-head$|$)")
_START = re.compile(r"^(fine-tune|predict|evaluate)-.*(?=-f[0-9p]+(-head)?$)")


def kind_of(node_id: str) -> str:
    """Returns what nodes of about the same length have in common.

    Those of other seeds, and fine-tunings on the same share of the labels from other starts.
    """
    return _START.sub(r"\1", _SEED.sub("", node_id))


def seconds_left(durations: Mapping[str, float], remaining: Iterable[str]) -> float | None:
    """Estimates the rest from finished nodes of the same kind.

    Args:
        durations: Seconds of finished nodes by id.
        remaining: Ids of the others.

    Returns:
        Seconds; None where nothing of some kind of training has been seen.
    """
    by_kind: dict[str, list[float]] = defaultdict(list)
    for node_id, seconds in durations.items():
        by_kind[kind_of(node_id)].append(seconds)
    total = 0.0
    for node_id in remaining:
        seen = by_kind.get(kind_of(node_id))
        if seen:
            total += fmean(seen)
        elif node_id.startswith(("pretrain-", "fine-tune-")):
            return None
    return total


def rough_time(seconds: float) -> str:
    """Returns `5 min` or `3.4 h`."""
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


class StudyConsole(RunConsole):
    """Shows the nodes as a run does, with the rough time left, and keeps what is finished."""

    def __init__(
        self, terminal: TextIO, node_ids: Iterable[str], finished: FinishedNodes, workers: int
    ) -> None:
        """Shows nothing yet.

        Args:
            terminal: Where to show it.
            node_ids: All nodes.
            finished: What is recorded of those that ended.
            workers: Nodes at a time.
        """
        super().__init__(terminal)
        self._remaining = dict.fromkeys(node_ids)
        self._finished = finished
        self._workers = workers
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
        durations = {name: node.seconds for name, node in self._finished.nodes.items()}
        left = seconds_left(durations, self._remaining)
        if left and not result.cached:
            self.console.print(f"       about {rough_time(left / self._workers)} left")
