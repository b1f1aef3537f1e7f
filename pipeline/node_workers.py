"""Processes that run nodes for another process, each on its share of this machine's cores."""

import contextlib
import errno
import logging
import logging.handlers
import multiprocessing
import os
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from trainer.errors import UserError, is_disk_full, users_mistake
from trainer.progress import logger as progress_logger

if TYPE_CHECKING:
    from pipeline.node_launch import NodeResult

NODES_OF_A_PROCESS = 24
"""Then a new process takes its place: TensorFlow and Beam keep some memory of every node."""

_SECONDS_TO_SAVE = 60.0
"""A training that is stopped saves a checkpoint; a process that takes longer is killed."""

_processes = multiprocessing.get_context("spawn")


class StepError(Exception):
    """A node failed in its process, whose traceback is in the log."""


@dataclass(frozen=True)
class _Failure:
    message: str
    is_users_mistake: bool


def shares_of_cores(workers: int) -> list[tuple[int, ...]]:
    """Returns the cores of each worker: as equal as can be, each core once if they suffice."""
    cores = sorted(os.sched_getaffinity(0))
    if workers >= len(cores):
        return [(cores[number % len(cores)],) for number in range(workers)]
    return [tuple(cores[number::workers]) for number in range(workers)]


class NodeWorker:
    """One process at a time, which runs one node at a time.

    Attributes:
        node_id: Of the node that it is running; None while it is free.
        connection: Readable as soon as that node has ended, or the process.
    """

    def __init__(self, cores: Sequence[int], records: Any) -> None:
        """Starts no process yet.

        Args:
            cores: Numbers of the cores that it may use.
            records: Queue for the log records of trainings.
        """
        self._cores = tuple(cores)
        self._records = records
        self._process: Any = None
        self._nodes_run = 0
        self.node_id: str | None = None
        self.connection: Connection | None = None

    def start(self, pipeline: bytes, node_id: str) -> None:
        """Begins a node.

        Args:
            pipeline: The serialised pipeline, with the id of this run.
            node_id: Of the node.
        """
        if self._process is None:
            self._begin()
        assert self.connection is not None
        self.connection.send((pipeline, node_id))
        self.node_id = node_id

    def result(self) -> "tuple[str, NodeResult]":
        """Waits for the node and returns its id and what it left behind.

        Raises:
            UserError: The node met a user's mistake.
            StepError: It failed otherwise, or its process ended.
        """
        assert self.connection is not None
        assert self.node_id is not None
        node_id, self.node_id = self.node_id, None
        try:
            answer = self.connection.recv()
        except (EOFError, ConnectionResetError):
            self._process.join()
            raise StepError(
                f"the process of {node_id} ended with exit code {self._process.exitcode}; if that "
                "is -9, memory may have run out: use fewer workers"
            ) from None
        if isinstance(answer, _Failure):
            raise (UserError if answer.is_users_mistake else StepError)(answer.message)
        self._nodes_run += 1
        if self._nodes_run == NODES_OF_A_PROCESS:
            self.stop()
        return node_id, answer

    def ask_to_stop(self) -> None:
        """Tells the process to stop; a training saves a checkpoint first."""
        if self._process is not None:
            self._process.terminate()

    def stop(self) -> None:
        """Tells the process to stop and waits for its end."""
        if self._process is None:
            return
        self.ask_to_stop()
        self._process.join(_SECONDS_TO_SAVE)
        self._process.kill()
        self._process = self.connection = self.node_id = None
        self._nodes_run = 0

    def _begin(self) -> None:
        self.connection, theirs = _processes.Pipe()
        arguments = (theirs, self._cores, self._records)
        self._process = _processes.Process(target=_serve, args=arguments, daemon=False)
        self._process.start()
        theirs.close()


def new_queue() -> Any:
    """Returns a queue that workers can put log records into."""
    return _processes.Queue()


def _serve(connection: Connection, cores: Sequence[int], records: Any) -> None:
    """Runs the nodes that arrive, until the other side is gone."""
    os.sched_setaffinity(0, cores)
    # Ctrl-C reaches all processes of a terminal; the first one decides what becomes of the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    progress = _NodeRecords(records)
    progress_logger.addHandler(progress)
    while True:
        try:
            pipeline, node_id = connection.recv()
        except EOFError:
            return
        progress.node_id = node_id
        connection.send(_outcome(pipeline, node_id))


def _outcome(pipeline: bytes, node_id: str) -> "NodeResult | _Failure":
    from tfx.proto.orchestration import pipeline_pb2

    from pipeline.node_launch import launch_node

    try:
        return launch_node(pipeline_pb2.Pipeline.FromString(pipeline), node_id)
    except Exception as error:
        traceback.print_exc(file=sys.stderr)
        return _failure(error)


def _failure(error: Exception) -> _Failure:
    """Returns what can be sent; many libraries' errors cannot."""
    mistake = users_mistake(error)
    if mistake is not None:
        return _Failure(str(mistake), is_users_mistake=True)
    if is_disk_full(error):
        return _Failure(os.strerror(errno.ENOSPC), is_users_mistake=False)
    return _Failure(f"{type(error).__name__}: {error}", is_users_mistake=False)


def _end_with_parent() -> None:
    """Nobody would take the result of a process whose parent was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)


class _NodeRecords(logging.handlers.QueueHandler):
    """Sends records on, with the node that they are of."""

    node_id = ""

    def enqueue(self, record: logging.LogRecord) -> None:
        record.node_id = self.node_id
        with contextlib.suppress(ValueError):  # The other side has closed the queue.
            super().enqueue(record)
