"""Runs a pipeline on this machine, node by node, telling an observer how far it is."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ml_metadata.proto import metadata_store_pb2
from tfx.dsl.compiler import constants
from tfx.orchestration import metadata
from tfx.orchestration.local import runner_utils
from tfx.orchestration.portable import launcher, runtime_parameter_utils, tfx_runner
from tfx.proto.orchestration import pipeline_pb2


@dataclass(frozen=True)
class NodeResult:
    """What a finished node left behind.

    Attributes:
        cached: Whether an earlier run's result was taken.
        output_uris: Directory of each output, by output key.
    """

    cached: bool
    output_uris: Mapping[str, str]


class Observer(Protocol):
    """Hears of each node as it starts and ends."""

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
        """Runs all nodes in topological order.

        Returns:
            The result of each node by its id.
        """
        del run_options
        runtime_parameter_utils.substitute_runtime_parameter(
            pipeline,
            {constants.PIPELINE_RUN_ID_PARAMETER_NAME: datetime.datetime.now().isoformat()},
        )
        deployment = runner_utils.extract_local_deployment_config(pipeline)
        connection = deployment.metadata_connection_config
        connection_config = getattr(connection, connection.WhichOneof("connection_config"))
        results = {}
        for number, node in enumerate(pipeline.nodes, start=1):
            node_id = node.pipeline_node.node_info.id
            self._observer.node_started(node_id, number, len(pipeline.nodes))
            execution = launcher.Launcher(
                pipeline_node=node.pipeline_node,
                mlmd_connection=metadata.Metadata(connection_config),
                pipeline_info=pipeline.pipeline_info,
                pipeline_runtime_spec=pipeline.runtime_spec,
                executor_spec=runner_utils.extract_executor_spec(deployment, node_id),
                custom_driver_spec=runner_utils.extract_custom_driver_spec(deployment, node_id),
            ).launch()
            results[node_id] = _result(connection_config, execution.execution_id)
            self._observer.node_finished(node_id, results[node_id])
        return results


def _result(connection_config: Any, execution_id: int) -> NodeResult:
    with metadata.Metadata(connection_config) as handle:
        execution = handle.store.get_executions_by_id([execution_id])[0]
        events = [
            event
            for event in handle.store.get_events_by_execution_ids([execution_id])
            if event.type == metadata_store_pb2.Event.OUTPUT
        ]
        artifacts = handle.store.get_artifacts_by_id([event.artifact_id for event in events])
        uris = {artifact.id: artifact.uri for artifact in artifacts}
    return NodeResult(
        cached=execution.last_known_state == metadata_store_pb2.Execution.CACHED,
        output_uris={event.path.steps[0].key: uris[event.artifact_id] for event in events},
    )
