"""Kubeflow's metadata store: the steps of its runs."""

from collections.abc import Iterator
from contextlib import contextmanager

from ml_metadata import errors
from ml_metadata.metadata_store import MetadataStore
from ml_metadata.proto import metadata_store_pb2

from pipeline.submission.lineage import StepRecord, read_records
from trainer.errors import UserError

RUN_TYPE = "system.PipelineRun"
GRAPH_TYPE = "system.DAGExecution"
"""Kubeflow's names of a run's context, and of the execution that stands for the whole graph."""


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
        steps = {
            execution.id: execution.custom_properties["task_name"].string_value
            for execution in executions
        }
        return read_records(store, executions, steps)


@contextmanager
def _told_in_one_line(address: str) -> Iterator[None]:
    try:
        yield
    except errors.StatusError as error:
        why = {
            errors.UnavailableError: "cannot be reached",
            errors.DeadlineExceededError: "no answer in time",
        }.get(type(error), f"failed ({' '.join(str(error.message).split())[:200]})")
        raise UserError(
            f"--metadata {address}: {why}. It is Kubeflow's metadata-grpc-service: kubectl "
            "port-forward -n kubeflow svc/metadata-grpc-service 8081:8080."
        ) from error
