"""Runs a pipeline on this machine, node by node, telling an observer how far it is."""

import datetime
from typing import Any, Protocol

from tfx.dsl.compiler import constants
from tfx.orchestration.portable import runtime_parameter_utils, tfx_runner
from tfx.proto.orchestration import pipeline_pb2

from pipeline.node_launch import NodeResult, launch_node
from pipeline.node_order import WaitingNodes


class Observer(Protocol):
    """Hears of each node as it starts and ends; several may be under way at a time."""

    def node_started(self, node_id: str, number: int, total: int) -> None:
        """Node `number` of `total` (from 1) is about to run."""

    def node_finished(self, node_id: str, result: NodeResult) -> None:
        """The node has ended well."""


class ObservedLocalRunner(tfx_runner.IrBasedRunner):
    """TFX's local runner, with an observer; nodes run one after the other in this process."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer

    def run_with_ir(
        self,
        pipeline: pipeline_pb2.Pipeline,
        run_options: pipeline_pb2.RunOptions | None = None,
        **_: Any,
    ) -> dict[str, NodeResult]:
        """Runs all nodes, in the order of `WaitingNodes`.

        Returns:
            The result of each node by its id.
        """
        del run_options
        begin_run(pipeline)
        waiting = WaitingNodes(upstream_of(pipeline))
        results: dict[str, NodeResult] = {}
        while (node_id := waiting.take(results)) is not None:
            self._observer.node_started(node_id, len(results) + 1, len(pipeline.nodes))
            results[node_id] = launch_node(pipeline, node_id)
            self._observer.node_finished(node_id, results[node_id])
        return results


def upstream_of(pipeline: pipeline_pb2.Pipeline) -> dict[str, tuple[str, ...]]:
    """Returns by node those that it needs; every node comes after all that it needs."""
    return {
        node.pipeline_node.node_info.id: tuple(node.pipeline_node.upstream_nodes)
        for node in pipeline.nodes
    }


def begin_run(pipeline: pipeline_pb2.Pipeline) -> None:
    """Gives the pipeline, in place, the id of a new run: the time."""
    runtime_parameter_utils.substitute_runtime_parameter(
        pipeline,
        {constants.PIPELINE_RUN_ID_PARAMETER_NAME: datetime.datetime.now().isoformat()},
    )
