"""What TFX's record says of one execution."""

from typing import Any

from ml_metadata.proto import metadata_store_pb2


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
