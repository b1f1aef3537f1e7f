"""What a run's steps read and wrote, from Kubeflow's metadata store (ML Metadata)."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ml_metadata import errors
from ml_metadata.metadata_store import MetadataStore
from ml_metadata.proto import metadata_store_pb2

from trainer.errors import UserError

RUN_TYPE = "system.PipelineRun"
GRAPH_TYPE = "system.DAGExecution"
"""Kubeflow's names of a run's context, and of the execution that stands for the whole graph."""

_OUTPUTS = {metadata_store_pb2.Event.OUTPUT, metadata_store_pb2.Event.DECLARED_OUTPUT}
_INPUTS = {metadata_store_pb2.Event.INPUT, metadata_store_pb2.Event.DECLARED_INPUT}
_KUBEFLOWS_OWN = {"display_name", "store_session_info"}


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
        inputs: What it read.
        outputs: What it wrote, or took from the cache.
    """

    step: str
    state: str
    inputs: tuple[ArtifactRecord, ...]
    outputs: tuple[ArtifactRecord, ...]


def open_metadata(address: str, timeout: float) -> MetadataStore:
    """Returns the metadata store of an address; nothing is sent yet.

    Args:
        address: `HOST:PORT` of its gRPC service.
        timeout: Seconds to wait for an answer.

    Raises:
        UserError: The address is none.
    """
    host, colon, port = address.rpartition(":")
    if not colon or not host or not port.isdigit():
        raise UserError(f"--metadata {address}: must be HOST:PORT, such as localhost:8081.")
    configuration = metadata_store_pb2.MetadataStoreClientConfig(
        host=host, port=int(port), client_timeout_sec=timeout
    )
    return MetadataStore(configuration)


def read_lineage(store: MetadataStore, run_id: str, address: str) -> tuple[StepRecord, ...]:
    """Returns what each step of a run read and wrote, in the order in which they were started.

    Args:
        store: Of Kubeflow.
        run_id: Of the run.
        address: Of the store, for messages.

    Raises:
        UserError: The store cannot be reached, or does not know the run.
    """
    with _told_in_one_line(address):
        context = store.get_context_by_type_and_name(RUN_TYPE, run_id)
        if context is None:
            raise UserError(
                f"--metadata {address}: knows no run {run_id}. It has not started its first step, "
                "or the store belongs to another Kubeflow."
            )
        graphs = {kind.id for kind in store.get_execution_types() if kind.name == GRAPH_TYPE}
        executions = [
            execution
            for execution in store.get_executions_by_context(context.id)
            if execution.type_id not in graphs
        ]
        events = store.get_events_by_execution_ids([execution.id for execution in executions])
        artifacts = store.get_artifacts_by_id({event.artifact_id for event in events})
        kinds = {kind.id: kind.name for kind in store.get_artifact_types()}
    return _records(executions, events, artifacts, kinds)


def _records(
    executions: Sequence[Any],
    events: Sequence[Any],
    artifacts: Sequence[Any],
    kinds: Mapping[int, str],
) -> tuple[StepRecord, ...]:
    steps = {
        execution.id: execution.custom_properties["task_name"].string_value
        for execution in executions
    }
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
            inputs=of(execution, _INPUTS),
            outputs=of(execution, _OUTPUTS),
        )
        for execution in sorted(executions, key=lambda execution: execution.id)
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
            if key not in _KUBEFLOWS_OWN
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


@contextmanager
def _told_in_one_line(address: str) -> Iterator[None]:
    try:
        yield
    except errors.StatusError as error:
        logging.getLogger(__name__).debug("metadata store", exc_info=True)
        why = {
            errors.UnavailableError: "cannot be reached",
            errors.DeadlineExceededError: "no answer in time",
        }.get(type(error), f"failed ({' '.join(str(error.message).split())[:200]})")
        raise UserError(
            f"--metadata {address}: {why}. It is Kubeflow's metadata-grpc-service: kubectl "
            "port-forward -n kubeflow svc/metadata-grpc-service 8081:8080."
        ) from error
