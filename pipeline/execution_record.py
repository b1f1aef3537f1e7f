"""What TFX's record says of executions."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ml_metadata.proto import metadata_store_pb2
from tfx import v1 as tfx
from tfx.orchestration import metadata

_GOOD_STATES = (
    metadata_store_pb2.Execution.COMPLETE,
    metadata_store_pb2.Execution.CACHED,
)


@contextmanager
def opened_record(database: Path) -> Iterator[Any]:
    """Opens the record of the runs of a folder; yields its store."""
    config = tfx.orchestration.metadata.sqlite_metadata_connection_config(str(database))
    with metadata.Metadata(config) as handle:
        yield handle.store


def newest_execution(store: Any, node: str) -> metadata_store_pb2.Execution | None:
    """Returns the newest execution of a node that ended well; None if there is none.

    Args:
        store: Of the record.
        node: End of its id, which begins with the pipeline's name.
    """
    executions = [
        execution
        for context in store.get_contexts_by_type("node")
        if context.name.endswith(node)
        for execution in store.get_executions_by_context(context.id)
        if execution.last_known_state in _GOOD_STATES
    ]
    return max(executions, key=lambda execution: execution.id, default=None)


def uris_by_key(
    store: Any, execution_id: int, kind: metadata_store_pb2.Event.Type
) -> dict[str, str]:
    """Returns the directory of each input or output of an execution, by its key.

    Args:
        store: Of the record.
        execution_id: Of the execution.
        kind: `Event.INPUT` or `Event.OUTPUT`.
    """
    events = [
        event for event in store.get_events_by_execution_ids([execution_id]) if event.type == kind
    ]
    artifacts = store.get_artifacts_by_id([event.artifact_id for event in events])
    uris = {artifact.id: artifact.uri for artifact in artifacts}
    return {event.path.steps[0].key: uris[event.artifact_id] for event in events}
