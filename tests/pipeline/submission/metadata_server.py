"""Kubeflow's metadata store over real gRPC, filled as Kubeflow's driver and launcher fill it."""

import threading
from concurrent import futures
from dataclasses import dataclass, field

import grpc
from ml_metadata.metadata_store import MetadataStore
from ml_metadata.proto import metadata_store_pb2 as metadata
from ml_metadata.proto import metadata_store_service_pb2 as messages
from ml_metadata.proto import metadata_store_service_pb2_grpc as service


def new_store() -> MetadataStore:
    """A store in memory, with ML Metadata's own logic."""
    configuration = metadata.ConnectionConfig()
    configuration.fake_database.SetInParent()
    return MetadataStore(configuration)


@dataclass
class MetadataServer(service.MetadataStoreServiceServicer):
    """Serves the calls that a lineage needs.

    Attributes:
        hang: No answer comes until the server is closed.
        refusal: What it says instead of an answer.
    """

    store: MetadataStore = field(default_factory=new_store)
    hang: bool = False
    refusal: str | None = None
    closing: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "MetadataServer":
        self._grpc = grpc.server(futures.ThreadPoolExecutor(2))
        service.add_MetadataStoreServiceServicer_to_server(self, self._grpc)
        self._port = self._grpc.add_insecure_port("127.0.0.1:0")
        self._grpc.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._grpc.stop(None).wait()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._port}"

    def add_run(self, run_id: str) -> "RunWriter":
        return RunWriter(self.store, run_id)

    def GetContextByTypeAndName(self, request, context):
        if self.hang:
            self.closing.wait()
        if self.refusal is not None:
            context.abort(grpc.StatusCode.INTERNAL, self.refusal)
        found = self.store.get_context_by_type_and_name(request.type_name, request.context_name)
        return messages.GetContextByTypeAndNameResponse(context=found)

    def GetExecutionTypes(self, request, context):
        kinds = self.store.get_execution_types()
        return messages.GetExecutionTypesResponse(execution_types=kinds)

    def GetExecutionsByContext(self, request, context):
        found = self.store.get_executions_by_context(request.context_id)
        return messages.GetExecutionsByContextResponse(executions=found)

    def GetEventsByExecutionIDs(self, request, context):
        found = self.store.get_events_by_execution_ids(list(request.execution_ids))
        return messages.GetEventsByExecutionIDsResponse(events=found)

    def GetArtifactsByID(self, request, context):
        found = self.store.get_artifacts_by_id(list(request.artifact_ids))
        return messages.GetArtifactsByIDResponse(artifacts=found)

    def GetArtifactTypes(self, request, context):
        kinds = self.store.get_artifact_types()
        return messages.GetArtifactTypesResponse(artifact_types=kinds)


class RunWriter:
    """Records a run as Kubeflow Pipelines' backend/src/v2/metadata/client.go does."""

    def __init__(self, store: MetadataStore, run_id: str) -> None:
        self._store = store
        self._contexts = [
            self._context("system.Pipeline", "micle-demo"),
            self._context("system.PipelineRun", run_id),
        ]
        store.put_execution(self._execution("system.DAGExecution", "root"), [], self._contexts)

    def add_step(self, name, *, reads=None, writes=None, cached=False, state="COMPLETE"):
        """Records a step; returns its artifacts' identifiers by their names.

        Args:
            reads: Identifiers by name.
            writes: Type, URI and properties by name.
        """
        execution = self._execution("system.ContainerExecution", name)
        execution.last_known_state = metadata.Execution.State.Value(state)
        if cached:
            execution.custom_properties["cached_execution_id"].string_value = "17"
        pairs = [
            (None, self._event(key, metadata.Event.INPUT, identifier))
            for key, identifier in (reads or {}).items()
        ]
        for key, (kind, uri, properties) in (writes or {}).items():
            pairs.append((self._artifact(key, kind, uri, properties), self._event(key)))
        _, identifiers, _ = self._store.put_execution(execution, pairs, self._contexts)
        return dict(zip([*(reads or {}), *(writes or {})], identifiers, strict=True))

    def _context(self, kind: str, name: str) -> metadata.Context:
        if found := self._store.get_context_by_type_and_name(kind, name):
            return found
        type_id = self._store.put_context_type(metadata.ContextType(name=kind))
        self._store.put_contexts([metadata.Context(type_id=type_id, name=name)])
        return self._store.get_context_by_type_and_name(kind, name)

    def _execution(self, kind: str, task_name: str) -> metadata.Execution:
        type_id = self._store.put_execution_type(metadata.ExecutionType(name=kind))
        execution = metadata.Execution(type_id=type_id)
        execution.custom_properties["task_name"].string_value = task_name
        execution.custom_properties["display_name"].string_value = task_name
        return execution

    def _artifact(self, key, kind, uri, properties) -> metadata.Artifact:
        type_id = self._store.put_artifact_type(metadata.ArtifactType(name=kind))
        artifact = metadata.Artifact(type_id=type_id, uri=uri)
        artifact.custom_properties["display_name"].string_value = key
        artifact.custom_properties["store_session_info"].string_value = '{"Provider": "s3"}'
        for name, value in properties.items():
            # Kubeflow's launcher writes every number as a double.
            slot = "string_value" if isinstance(value, str) else "double_value"
            setattr(artifact.custom_properties[name], slot, value)
        return artifact

    @staticmethod
    def _event(key, kind=metadata.Event.OUTPUT, artifact_id=None) -> metadata.Event:
        event = metadata.Event(type=kind, artifact_id=artifact_id)
        event.path.steps.add().key = key
        return event
