"""Runs a pipeline on this machine, several nodes at a time."""

import logging
import logging.handlers
from collections.abc import Sequence
from multiprocessing.connection import wait
from typing import Any

from tfx.orchestration.portable import tfx_runner
from tfx.proto.orchestration import pipeline_pb2

from pipeline.local_runner import Observer, begin_run, upstream_of
from pipeline.node_launch import NodeResult
from pipeline.node_order import WaitingNodes
from pipeline.node_workers import NodeWorker, new_queue, shares_of_cores
from trainer.progress import logger as progress_logger


class ParallelLocalRunner(tfx_runner.IrBasedRunner):
    """Runs a node as soon as those that it needs have run and a process is free."""

    def __init__(self, observer: Observer, workers: int) -> None:
        """Starts nothing yet.

        Args:
            observer: Hears of each node.
            workers: Nodes at a time; each has its share of the cores.
        """
        self._observer = observer
        self._shares = shares_of_cores(workers)

    def run_with_ir(
        self,
        pipeline: pipeline_pb2.Pipeline,
        run_options: pipeline_pb2.RunOptions | None = None,
        **_: Any,
    ) -> dict[str, NodeResult]:
        """Runs all nodes; after the first that fails the others are stopped.

        Returns:
            The result of each node by its id.

        Raises:
            UserError: A node met a user's mistake.
            StepError: A node failed otherwise.
        """
        del run_options
        begin_run(pipeline)
        records = new_queue()
        listener = logging.handlers.QueueListener(records, _ToProgress())
        workers = [NodeWorker(cores, records) for cores in self._shares]
        listener.start()
        try:
            return self._run(pipeline, workers)
        finally:
            for worker in workers:
                worker.ask_to_stop()
            for worker in workers:
                worker.stop()
            listener.stop()

    def _run(
        self, pipeline: pipeline_pb2.Pipeline, workers: list[NodeWorker]
    ) -> dict[str, NodeResult]:
        serialised = pipeline.SerializeToString()
        total = len(pipeline.nodes)
        waiting = WaitingNodes(upstream_of(pipeline))
        started = 0
        results: dict[str, NodeResult] = {}
        while len(results) < total:
            for worker in (worker for worker in workers if worker.node_id is None):
                ready = waiting.take(results)
                if ready is not None:
                    started += 1
                    self._observer.node_started(ready, started, total)
                    worker.start(serialised, ready)
            for worker in _ended(workers):
                node_id, result = worker.result()
                results[node_id] = result
                self._observer.node_finished(node_id, result)
        return results


def _ended(workers: Sequence[NodeWorker]) -> list[NodeWorker]:
    """Waits until a node of some worker has ended."""
    busy = [worker for worker in workers if worker.node_id is not None]
    readable = wait([worker.connection for worker in busy if worker.connection is not None])
    return [worker for worker in busy if worker.connection in readable]


class _ToProgress(logging.Handler):
    """Takes a worker's record for one of this process, where the console listens."""

    def emit(self, record: logging.LogRecord) -> None:
        progress_logger.handle(record)
