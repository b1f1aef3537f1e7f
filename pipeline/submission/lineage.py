"""What a run's steps read and wrote, from a store of ML Metadata: Kubeflow's or a local run's."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ml_metadata.metadata_store import MetadataStore
from ml_metadata.proto import metadata_store_pb2

_OUTPUTS = {metadata_store_pb2.Event.OUTPUT, metadata_store_pb2.Event.DECLARED_OUTPUT}
_INPUTS = {metadata_store_pb2.Event.INPUT, metadata_store_pb2.Event.DECLARED_INPUT}
_NOT_OF_THE_STEP = {"display_name", "store_session_info", "is_external", "tfx_version"}


@dataclass(frozen=True)
class ArtifactRecord:
    """An artifact as a step reads or writes it.

    Attributes:
        name: The step's name of it.
        kind: Its type.
        uri: Where it is.
        properties: That the step gave it.
        producer: `STEP.NAME` of the step of this run that wrote it; None if none did.
    """

    name: str
    kind: str
    uri: str
    properties: Mapping[str, Any]
    producer: str | None


@dataclass(frozen=True)
class StepRecord:
    """What the metadata store knows of a step.

    Attributes:
        step: Its name.
        state: `complete`, `cached`, `failed`, `running`, ...
        seconds: From its start to its end, or to the last that was heard of it.
        inputs: What it read.
        outputs: What it wrote, or took from the cache.
    """

    step: str
    state: str
    seconds: float
    inputs: tuple[ArtifactRecord, ...]
    outputs: tuple[ArtifactRecord, ...]


def read_records(
    store: MetadataStore, executions: Iterable[Any], steps: Mapping[int, str]
) -> tuple[StepRecord, ...]:
    """Returns what steps read and wrote, in the order in which they were started.

    Args:
        store: That knows them.
        executions: Of a run.
        steps: Name of the step of each execution, by the execution's identifier.
    """
    executions = sorted(executions, key=lambda execution: execution.id)
    events = store.get_events_by_execution_ids([execution.id for execution in executions])
    artifacts = store.get_artifacts_by_id({event.artifact_id for event in events})
    kinds = {kind.id: kind.name for kind in store.get_artifact_types()}
    by_id = {artifact.id: artifact for artifact in artifacts}
    producers = {
        event.artifact_id: f"{steps[event.execution_id]}.{_name(event)}"
        for event in events
        if event.type in _OUTPUTS
    }

    def of(execution: Any, directions: set[int]) -> tuple[ArtifactRecord, ...]:
        return tuple(
            _artifact(event, by_id[event.artifact_id], kinds, producers)
            for event in events
            if event.execution_id == execution.id and event.type in directions
        )

    return tuple(
        StepRecord(
            step=steps[execution.id],
            state=_state(execution),
            seconds=_seconds(execution),
            inputs=of(execution, _INPUTS),
            outputs=of(execution, _OUTPUTS),
        )
        for execution in executions
    )


def _artifact(
    event: Any, artifact: Any, kinds: Mapping[int, str], producers: Mapping[int, str]
) -> ArtifactRecord:
    return ArtifactRecord(
        name=_name(event),
        kind=kinds.get(artifact.type_id, ""),
        uri=artifact.uri,
        properties={
            key: getattr(value, value.WhichOneof("value"))
            for key, value in sorted(artifact.custom_properties.items())
            if key not in _NOT_OF_THE_STEP
            and value.WhichOneof("value") in ("int_value", "double_value", "string_value")
        },
        producer=producers.get(event.artifact_id),
    )


def _name(event: Any) -> str:
    return next((step.key for step in event.path.steps if step.key), "")


def _state(execution: Any) -> str:
    # Kubeflow says of a step whose result it took from the cache where that came from.
    if "cached_execution_id" in execution.custom_properties:
        return "cached"
    state = metadata_store_pb2.Execution.State.Name(execution.last_known_state)
    return str(state).lower()


def _seconds(execution: Any) -> float:
    # Of milliseconds.
    start, end = execution.create_time_since_epoch, execution.last_update_time_since_epoch
    return float(end - start) / 1000
