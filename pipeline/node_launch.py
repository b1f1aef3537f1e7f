"""Runs one node of a pipeline: TFX's driver, executor and publisher."""

import fcntl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from ml_metadata.proto import metadata_store_pb2
from tfx.orchestration import metadata
from tfx.orchestration.local import runner_utils
from tfx.orchestration.portable import launcher
from tfx.proto.orchestration import pipeline_pb2

from pipeline.execution_record import uris_by_key


@dataclass(frozen=True)
class NodeResult:
    """What a finished node left behind.

    Attributes:
        cached: Whether an earlier run's result was taken.
        output_uris: Directory of each output, by output key.
    """

    cached: bool
    output_uris: Mapping[str, str]


def launch_node(pipeline: pipeline_pb2.Pipeline, node_id: str) -> NodeResult:
    """Runs a node whose upstream nodes have run, or takes the result of an earlier run.

    Args:
        pipeline: With the id of this run, and a SQLite file as its record.
        node_id: Of the node.
    """
    [node] = [
        item.pipeline_node for item in pipeline.nodes if item.pipeline_node.node_info.id == node_id
    ]
    deployment = runner_utils.extract_local_deployment_config(pipeline)
    stores = deployment.metadata_connection_config
    connection = _LockedMetadata(getattr(stores, stores.WhichOneof("connection_config")))
    execution = launcher.Launcher(
        pipeline_node=node,
        mlmd_connection=connection,
        pipeline_info=pipeline.pipeline_info,
        pipeline_runtime_spec=pipeline.runtime_spec,
        executor_spec=runner_utils.extract_executor_spec(deployment, node_id),
        custom_driver_spec=runner_utils.extract_custom_driver_spec(deployment, node_id),
    ).launch()
    with connection:
        return _result(connection, execution.execution_id)


class _LockedMetadata(metadata.Metadata):
    """TFX's record in a SQLite file, which fails at once where two processes write: here one waits.

    TFX holds it open around the record of an execution, not while the execution runs.
    """

    def __init__(self, connection_config: metadata_store_pb2.ConnectionConfig) -> None:
        super().__init__(connection_config)
        self._lock: TextIO | None = None

    def __enter__(self) -> "_LockedMetadata":
        if self._lock is None:
            self._lock = Path(self._connection_config.sqlite.filename_uri + ".lock").open("w")
            fcntl.flock(self._lock, fcntl.LOCK_EX)
        super().__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        if self._users == 0 and self._lock is not None:
            self._lock.close()
            self._lock = None


def _result(connection: metadata.Metadata, execution_id: int) -> NodeResult:
    store = connection.store
    [execution] = store.get_executions_by_id([execution_id])
    return NodeResult(
        cached=execution.last_known_state == metadata_store_pb2.Execution.CACHED,
        output_uris=uris_by_key(store, execution_id, metadata_store_pb2.Event.OUTPUT),
    )
