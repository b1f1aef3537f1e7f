"""What a person sees during a run: which step of how many, bars, losses; noise goes to a log."""

import contextlib
import logging
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from trainer.progress import Progress as TrainingProgress
from trainer.progress import logger as progress_logger

if TYPE_CHECKING:
    from pipeline.node_launch import NodeResult

PLAIN_LINE_SECONDS = 10.0
"""Without a terminal, a line of progress appears at most so often."""


@contextlib.contextmanager
def noise_to_log(log_file: Path) -> Iterator[TextIO]:
    """Sends everything printed or logged to a file, C++ libraries included.

    Yields:
        The terminal's standard output, for what a person should see.
    """
    log_file.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    saved = os.dup(1), os.dup(2)
    log = os.open(log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    terminal = os.fdopen(os.dup(saved[0]), "w")
    handler = logging.FileHandler(log_file, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    previous = root.handlers[:]
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    os.dup2(log, 1)
    os.dup2(log, 2)
    try:
        yield terminal
    finally:
        terminal.flush()
        sys.stdout.flush()
        sys.stderr.flush()
        os.dup2(saved[0], 1)
        os.dup2(saved[1], 2)
        root.handlers[:] = previous
        handler.close()
        for descriptor in (*saved, log):
            os.close(descriptor)


@dataclass
class _LiveNode:
    """A node under way: its label, when it began and was last heard of, its bar if there is one."""

    node_id: str
    label: str
    started: float
    last_line: float
    task: TaskID | None = None


class RunConsole(logging.Handler):
    """Shows the nodes of a run as they start and end, and the progress of the trainings in them."""

    def __init__(self, terminal: TextIO) -> None:
        super().__init__()
        self.console = Console(file=terminal, highlight=False, soft_wrap=True)
        self._bars: Progress | None = None
        self._live: dict[str, _LiveNode] = {}

    def __enter__(self) -> "RunConsole":
        progress_logger.addHandler(self)
        progress_logger.setLevel(logging.INFO)
        return self

    def __exit__(self, *_: object) -> None:
        progress_logger.removeHandler(self)
        self._close_bars()

    def node_started(self, node_id: str, number: int, total: int) -> None:
        """Remembers the node; its line appears when there is something to say."""
        now = time.monotonic()
        label = f"[{number:2d}/{total}] {node_id}"
        node = _LiveNode(node_id, label, started=now, last_line=now)
        if self.console.is_terminal:
            bars = self._open_bars()
            node.task = bars.add_task(escape(node.label), total=None, figures="")
        self._live[node_id] = node

    def node_finished(self, node_id: str, result: "NodeResult") -> None:
        """Writes the node's line: how long it took, or that an earlier result was taken."""
        node = self._live.pop(node_id)
        if self._bars is not None and node.task is not None:
            self._bars.refresh()
            self._bars.remove_task(node.task)
        if not self._live:
            self._close_bars()
        seconds = time.monotonic() - node.started
        ending = "done before" if result.cached else f"{seconds:.0f} s"
        self.console.print(f"{escape(node.label):<46} {ending}")

    def emit(self, record: logging.LogRecord) -> None:
        """Shows a record of `trainer.progress`; anything else it logs as a line."""
        progress = getattr(record, "progress", None)
        node = self._node_of(record)
        if progress is None or node is None:
            self.console.print(f"       {escape(record.getMessage())}")
        elif self._bars is not None and node.task is not None:
            self._bars.update(
                node.task,
                completed=progress.done,
                total=progress.total,
                figures=escape(self.figures(node.node_id, progress)),
            )
        elif time.monotonic() - node.last_line > PLAIN_LINE_SECONDS:
            node.last_line = time.monotonic()
            counted = f"{progress.done}/{progress.total}"
            figures = escape(self.figures(node.node_id, progress))
            self.console.print(f"{escape(node.label)}  {counted} {figures}")

    def figures(self, node_id: str, progress: TrainingProgress) -> str:
        """Returns what is shown of a training beside how much of it is done."""
        del node_id
        metrics = "  ".join(f"{name} {value:.3f}" for name, value in progress.metrics.items())
        left = progress.seconds_left
        time_left = "" if left is None else f"  {int(left) // 60}:{int(left) % 60:02d} left"
        return f"{progress.unit}, {progress.rate:.0f}/s{time_left}  {metrics}"

    def _node_of(self, record: logging.LogRecord) -> _LiveNode | None:
        """Returns the node that the record is of: it says so where several can be under way."""
        only = next(iter(self._live), "")
        return self._live.get(getattr(record, "node_id", only))

    def _open_bars(self) -> Progress:
        if self._bars is None:
            self._bars = Progress(
                TextColumn("{task.description}"),
                BarColumn(bar_width=24),
                MofNCompleteColumn(),
                TextColumn("{task.fields[figures]}"),
                console=self.console,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._bars.start()
        return self._bars

    def _close_bars(self) -> None:
        if self._bars is not None:
            self._bars.stop()
        self._bars = None
