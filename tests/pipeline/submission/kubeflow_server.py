"""A server that answers as Kubeflow Pipelines' v2beta1 API does, in memory, over real HTTP.

Every request is held against the models that are generated from the API's specification: a field
or a query parameter that these do not have is answered with 400, as the real server does.
"""

import email
import inspect
import itertools
import json
import re
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from urllib.parse import parse_qs, unquote, urlsplit

import kfp_server_api as api
import yaml

ROOT = "/apis/v2beta1"
NOW = "2026-11-23T12:00:00Z"
PARTLY_READ = 100
"""Bytes of a request after which the connection breaks."""


@dataclass
class Failure:
    """What goes wrong with a request.

    Attributes:
        method: Of the request.
        path: Pattern of its path.
        status: Answered instead of doing it; 0: the connection breaks instead of an answer.
        body: Of the answer.
        content_type: Of the answer.
        done: Whether the request is carried out before it goes wrong.
        partly_read: Whether the connection breaks while the request is still being sent.
        hang: Whether no answer comes, until the server is closed.
    """

    method: str
    path: str
    status: int = 0
    body: str = ""
    content_type: str = "application/json"
    done: bool = False
    partly_read: bool = False
    hang: bool = False


@dataclass
class Received:
    """A request as the server got it."""

    method: str
    path: str
    query: dict[str, str]
    body: object
    headers: dict[str, str]


class _RefusalError(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class KubeflowServer:
    """The server's memory, and what tests may set.

    Attributes:
        prefix: Path that is dropped, as a proxy does.
        multi_user: Whether the server says that it serves many users.
        token: Without which it answers 401.
        tls: With its certificate; plain HTTP if None.
    """

    prefix: str = ""
    multi_user: bool = False
    token: str | None = None
    tls: ssl.SSLContext | None = None
    failures: list[Failure] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    pipelines: dict[str, dict] = field(default_factory=dict)
    versions: dict[str, dict] = field(default_factory=dict)
    experiments: dict[str, dict] = field(default_factory=dict)
    runs: dict[str, dict] = field(default_factory=dict)
    recurring_runs: dict[str, dict] = field(default_factory=dict)
    closing: threading.Event = field(default_factory=threading.Event)
    numbers: itertools.count = field(default_factory=lambda: itertools.count(1))

    def __enter__(self) -> "KubeflowServer":
        handler = type("Handler", (_Handler,), {"memory": self})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        if self.tls is not None:
            self._http.socket = self.tls.wrap_socket(self._http.socket, server_side=True)
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()

    @property
    def url(self) -> str:
        scheme = "https" if self.tls else "http"
        return f"{scheme}://127.0.0.1:{self._http.server_port}"

    def fail(self, method: str, path: str, **how) -> None:
        """The next request of this kind fails; said twice, the next two."""
        self.failures.append(Failure(method, path, **how))

    def sent(self, method: str, path: str) -> list[Received]:
        return [r for r in self.received if r.method == method and re.fullmatch(path, r.path)]

    def answer(self, request: Received) -> object:
        for method, pattern, function, model in ROUTES:
            match = re.fullmatch(ROOT + pattern, request.path)
            if method == request.method and match:
                answer = function(self, request, *map(unquote, match.groups()))
                _check_model(answer, model if model == "object" else f"V2beta1{model}")
                return answer
        raise _RefusalError(404, "Not Found")

    def _new_id(self, kind: str) -> str:
        return f"{kind}-{next(self.numbers)}"

    def health(self, request: Received) -> dict:
        _check_query(request, api.HealthzServiceApi.get_healthz)
        return {"multi_user": self.multi_user}

    def list_pipelines(self, request: Received) -> dict:
        _check_query(request, api.PipelineServiceApi.list_pipelines)
        return _listed("pipelines", self.pipelines.values(), request)

    def create_pipeline(self, request: Received) -> dict:
        _check_model(request.body, "V2beta1Pipeline")
        _refuse_taken(self.pipelines.values(), request.body["display_name"])
        new = {**request.body, "pipeline_id": self._new_id("pipeline"), "created_at": NOW}
        self.pipelines[new["pipeline_id"]] = new
        return new

    def list_versions(self, request: Received, pipeline_id: str) -> dict:
        _check_query(request, api.PipelineServiceApi.list_pipeline_versions)
        of_pipeline = [v for v in self.versions.values() if v["pipeline_id"] == pipeline_id]
        return _listed("pipeline_versions", of_pipeline, request)

    def get_version(self, request: Received, pipeline_id: str, version_id: str) -> dict:
        version = _get(self.versions, version_id, "PipelineVersion")
        assert version["pipeline_id"] == pipeline_id
        return version

    def upload_version(self, request: Received) -> dict:
        _check_query(request, api.PipelineUploadServiceApi.upload_pipeline_version)
        pipeline_id = request.query["pipelineid"]
        _get(self.pipelines, pipeline_id, "Pipeline")
        documents = list(yaml.load_all(request.body, yaml.CSafeLoader))
        if documents[0].get("schemaVersion") != "2.1.0":
            raise _RefusalError(400, "Invalid input error: unsupported schema version")
        of_pipeline = [v for v in self.versions.values() if v["pipeline_id"] == pipeline_id]
        _refuse_taken(of_pipeline, request.query["name"])
        specification = documents[0]
        if len(documents) > 1:
            specification = {"pipeline_spec": documents[0], "platform_spec": documents[1]}
        new = {
            "pipeline_id": pipeline_id,
            "pipeline_version_id": self._new_id("version"),
            "display_name": request.query["name"],
            "description": request.query.get("description", ""),
            "created_at": NOW,
            "pipeline_spec": specification,
        }
        self.versions[new["pipeline_version_id"]] = new
        return new

    def list_experiments(self, request: Received) -> dict:
        _check_query(request, api.ExperimentServiceApi.list_experiments)
        return _listed("experiments", self.experiments.values(), request)

    def create_experiment(self, request: Received) -> dict:
        _check_model(request.body, "V2beta1Experiment")
        _refuse_taken(self.experiments.values(), request.body["display_name"])
        new = {**request.body, "experiment_id": self._new_id("experiment"), "created_at": NOW}
        self.experiments[new["experiment_id"]] = new
        return new

    def list_runs(self, request: Received) -> dict:
        _check_query(request, api.RunServiceApi.list_runs)
        return _listed("runs", self.runs.values(), request)

    def create_run(self, request: Received) -> dict:
        self._check_order(request.body, "V2beta1Run")
        new = {
            **request.body,
            "run_id": self._new_id("run"),
            "state": "PENDING",
            "created_at": NOW,
        }
        self.runs[new["run_id"]] = new
        return new

    def get_run(self, request: Received, run_id: str) -> dict:
        _check_query(request, api.RunServiceApi.get_run)
        return _get(self.runs, run_id, "Run")

    def list_recurring_runs(self, request: Received) -> dict:
        _check_query(request, api.RecurringRunServiceApi.list_recurring_runs)
        return _listed("recurringRuns", self.recurring_runs.values(), request)

    def create_recurring_run(self, request: Received) -> dict:
        self._check_order(request.body, "V2beta1RecurringRun")
        new = {**request.body, "recurring_run_id": self._new_id("recurring"), "status": "ENABLED"}
        self.recurring_runs[new["recurring_run_id"]] = new
        return new

    def delete_recurring_run(self, request: Received, recurring_run_id: str) -> dict:
        _get(self.recurring_runs, recurring_run_id, "RecurringRun")
        del self.recurring_runs[recurring_run_id]
        return {}

    def _check_order(self, body: dict, model: str) -> None:
        _check_model(body, model)
        _get(self.experiments, body["experiment_id"], "Experiment")
        reference = body["pipeline_version_reference"]
        _get(self.versions, reference["pipeline_version_id"], "PipelineVersion")


ROUTES: list[tuple[str, str, Callable, str]] = [
    ("GET", "/healthz", KubeflowServer.health, "GetHealthzResponse"),
    ("GET", "/pipelines", KubeflowServer.list_pipelines, "ListPipelinesResponse"),
    ("POST", "/pipelines", KubeflowServer.create_pipeline, "Pipeline"),
    (
        "GET",
        "/pipelines/([^/]+)/versions",
        KubeflowServer.list_versions,
        "ListPipelineVersionsResponse",
    ),
    ("GET", "/pipelines/(.+)/versions/(.+)", KubeflowServer.get_version, "PipelineVersion"),
    ("POST", "/pipelines/upload_version", KubeflowServer.upload_version, "PipelineVersion"),
    ("GET", "/experiments", KubeflowServer.list_experiments, "ListExperimentsResponse"),
    ("POST", "/experiments", KubeflowServer.create_experiment, "Experiment"),
    ("GET", "/runs", KubeflowServer.list_runs, "ListRunsResponse"),
    ("POST", "/runs", KubeflowServer.create_run, "Run"),
    ("GET", "/runs/(.+)", KubeflowServer.get_run, "Run"),
    ("GET", "/recurringruns", KubeflowServer.list_recurring_runs, "ListRecurringRunsResponse"),
    ("POST", "/recurringruns", KubeflowServer.create_recurring_run, "RecurringRun"),
    ("DELETE", "/recurringruns/(.+)", KubeflowServer.delete_recurring_run, "object"),
]
"""Method, path, what answers, and the specification's name of the answer without its version."""


def _check_model(body: object, model: str) -> None:
    """Refuses what the specification does not know, at any depth."""
    _check_fields(body, model)
    # Times and required fields.
    api.ApiClient().deserialize(SimpleNamespace(data=json.dumps(body)), model)


PRIMITIVES = {"str": str, "datetime": str, "int": int, "bool": bool}


def _check_fields(value: object, kind: str) -> None:
    if not isinstance(value, PRIMITIVES.get(kind, object)):
        raise _RefusalError(400, f"{value!r} is no {kind}")
    if kind.startswith("list["):
        for entry in value:
            _check_fields(entry, kind[len("list[") : -1])
    model = getattr(api, kind, None)
    if model is None or not getattr(model, "openapi_types", None):
        return
    kinds = {model.attribute_map[name]: kind for name, kind in model.openapi_types.items()}
    for key, inner in value.items():
        if key not in kinds:
            raise _RefusalError(400, f'unknown field "{key}" in {kind}')
        _check_fields(inner, kinds[key])


def _check_query(request: Received, call: Callable) -> None:
    """Refuses a query parameter that the call's documentation, from the specification, lacks."""
    known = set(re.findall(r":param (?:\w+ )?(\w+):", inspect.getdoc(call) or ""))
    if unknown := set(request.query) - known:
        raise _RefusalError(400, f"unknown query parameters {sorted(unknown)}")


def _listed(name: str, entries, request: Received) -> dict:
    chosen = list(entries)
    for predicate in json.loads(request.query.get("filter", "{}")).get("predicates", []):
        assert predicate["operation"] in (1, "EQUALS"), predicate
        key, value = predicate["key"], predicate["stringValue"]
        chosen = [entry for entry in chosen if entry[key] == value]
    if experiment := request.query.get("experiment_id"):
        chosen = [entry for entry in chosen if entry["experiment_id"] == experiment]
    return {name: chosen, "total_size": len(chosen)} if chosen else {}


def _refuse_taken(entries, name: str) -> None:
    if any(entry["display_name"] == name for entry in entries):
        raise _RefusalError(409, f"Already exist error: the name {name} already exists")


def _get(entries: dict[str, dict], key: str, kind: str) -> dict:
    if key not in entries:
        raise _RefusalError(404, f"ResourceNotFoundError: {kind} {key} not found")
    return entries[key]


class _Handler(BaseHTTPRequestHandler):
    memory: KubeflowServer

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def log_message(self, *_: object) -> None:
        pass

    def _serve(self) -> None:
        parts = urlsplit(self.path.removeprefix(self.memory.prefix))
        failure = self._failure(parts.path)
        length = int(self.headers.get("content-length", 0))
        if failure and failure.partly_read:
            self.rfile.read(min(length, PARTLY_READ))
            self.close_connection = True
            return
        content = self.rfile.read(length)
        request = Received(
            self.command,
            parts.path,
            {key: value for key, (value,) in parse_qs(parts.query).items()},
            self._body(content),
            dict(self.headers),
        )
        self.memory.received.append(request)
        if failure is None:
            self._answer(*self._result(request))
            return
        if failure.done:
            self._result(request)
        if failure.hang:
            self.memory.closing.wait()
        if failure.status:
            self._answer(failure.status, failure.body, failure.content_type)
        self.close_connection = True

    def _failure(self, path: str) -> Failure | None:
        for failure in self.memory.failures:
            if failure.method == self.command and re.fullmatch(ROOT + failure.path, path):
                self.memory.failures.remove(failure)
                return failure
        return None

    def _body(self, content: bytes) -> object:
        kind = self.headers.get("content-type", "")
        if kind.startswith("multipart/form-data"):
            head = f"Content-Type: {kind}\r\n\r\n".encode()
            (part,) = email.message_from_bytes(head + content).get_payload()
            assert part.get_param("name", header="content-disposition") == "uploadfile"
            return part.get_payload(decode=True)
        return json.loads(content) if content else None

    def _result(self, request: Received) -> tuple[int, str, str]:
        expected = self.memory.token
        if expected and self.headers.get("authorization") != f"Bearer {expected}":
            return 401, '{"error": "Unauthenticated"}', "application/json"
        try:
            return 200, json.dumps(self.memory.answer(request)), "application/json"
        except _RefusalError as error:
            # Uploads and other calls tell errors in different fields.
            field_name = "error_message" if "upload" in request.path else "message"
            return error.status, json.dumps({field_name: str(error)}), "application/json"

    def _answer(self, status: int, body: str, content_type: str) -> None:
        content = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
