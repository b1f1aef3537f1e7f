"""What open-source Kubeflow Pipelines refuses, or takes and then fails on; checked when compiling.

Each rule names the place in kubeflow/pipelines (2.17) that it was read from.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

Specification = Mapping[str, Any]

_NODE_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_PIPELINE_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_URI = re.compile(r"(gs|s3|minio)://[^/]+(/.*)?")
_TYPE_TITLE = re.compile(r"title: ([A-Za-z0-9_.]+)")


def find_problems(specification: Specification, platform: Specification) -> list[str]:
    """Returns what is wrong with a compiled pipeline, a line each; empty if it is sound.

    Args:
        specification: The first document, a PipelineSpec.
        platform: The second document, with `platforms.kubernetes`.
    """
    checks = (
        _check_head,
        _check_executors,
        _check_tasks,
        _check_inputs,
        _check_parameters,
        _check_types,
    )
    problems = [problem for check in checks for problem in check(specification)]
    return problems + list(_check_platform(specification, platform))


def _check_head(specification: Specification) -> Iterator[str]:
    """apiserver/template/v2_template.go."""
    version = specification.get("schemaVersion")
    if version != "2.1.0":
        yield f"schemaVersion is {version}; only 2.1.0 is taken"
    name = specification.get("pipelineInfo", {}).get("name", "")
    if not _PIPELINE_NAME.fullmatch(name):
        yield f"pipelineInfo.name {name!r} must be lower-case letters, digits and hyphens"
    if not specification.get("root", {}).get("dag", {}).get("tasks"):
        yield "root.dag has no tasks"


def _check_executors(specification: Specification) -> Iterator[str]:
    """v2/compiler/visitor.go: only containers and importers; v2/driver reads no lifecycle."""
    executors = specification["deploymentSpec"]["executors"]
    for label, executor in executors.items():
        for kind in set(executor) - {"container", "importer"}:
            yield f"{label}: an executor of kind {kind} is not implemented"
        container = executor.get("container", {})
        if "lifecycle" in container:
            yield f"{label}: lifecycle hooks (drivers) are never run"
        if "container" in executor and not container.get("command"):
            yield f"{label}: a container needs a command"
        accelerator = container.get("resources", {}).get("accelerator", {}).get("type", "")
        if accelerator and "/" not in accelerator:
            yield f"{label}: {accelerator} is no resource of Kubernetes, such as nvidia.com/gpu"
        if "importer" in executor:
            yield from _check_importer(label, executor["importer"])
    for name, component in specification["components"].items():
        if component.get("executorLabel") not in executors:
            yield f"component {name}: there is no executor {component.get('executorLabel')}"


def _check_importer(label: str, importer: Mapping[str, Any]) -> Iterator[str]:
    """v2/component/importer_launcher.go."""
    uri = importer.get("artifactUri", {})
    if "constantValue" in uri:
        yield f"{label}: constantValue is of pipeline spec 2.0"
    constant = uri.get("constant")
    if constant is not None and not _URI.fullmatch(constant):
        yield f"{label}: {constant} cannot be imported: it is no gs://, s3:// or minio:// URI"


def _check_tasks(specification: Specification) -> Iterator[str]:
    """v2/compiler/argocompiler: task and component names become names of Argo's templates."""
    tasks = specification["root"]["dag"]["tasks"]
    for name, task in tasks.items():
        if not _NODE_NAME.fullmatch(name):
            yield f"task {name}: Argo takes lower-case letters, digits and hyphens only"
        component = specification["components"].get(task["componentRef"]["name"])
        if component is None:
            yield f"task {name}: there is no component {task['componentRef']['name']}"
            continue
        for dependency in task.get("dependentTasks", []):
            if dependency not in tasks:
                yield f"task {name}: it waits for {dependency}, which is no task"
        executor = specification["deploymentSpec"]["executors"].get(component["executorLabel"], {})
        condition = task.get("triggerPolicy", {}).get("condition")
        if condition and "importer" in executor:
            yield f"task {name}: an importer under a condition is refused"
        if task.get("triggerPolicy", {}).get("strategy") == "ALL_UPSTREAM_TASKS_COMPLETED":
            yield f"task {name}: TFX's exit handlers declare a string where a struct arrives"


def _check_inputs(specification: Specification) -> Iterator[str]:
    """v2/driver/resolve.go."""
    tasks = specification["root"]["dag"]["tasks"]
    given = specification["root"].get("inputDefinitions", {}).get("parameters", {})
    for name, task in tasks.items():
        inputs = task.get("inputs", {})
        for key, artifact in inputs.get("artifacts", {}).items():
            producer = artifact.get("taskOutputArtifact", {}).get("producerTask")
            if producer not in tasks:
                yield f"task {name}: input {key} comes from {producer}, which is no task"
        for key, parameter in inputs.get("parameters", {}).items():
            if "taskOutputParameter" in parameter:
                producer = parameter["taskOutputParameter"].get("producerTask")
                if producer not in tasks:
                    yield f"task {name}: parameter {key} comes from {producer}, which is no task"
            elif "componentInputParameter" in parameter:
                if parameter["componentInputParameter"] not in given:
                    yield (
                        f"task {name}: parameter {key} comes from "
                        f"{parameter['componentInputParameter']}, which the pipeline does not have"
                    )
            elif "constant" not in parameter.get("runtimeValue", {}):
                yield f"task {name}: parameter {key} is no constant"
            elif "{SPAN}" in str(parameter["runtimeValue"]["constant"]):
                yield f"task {name}: parameter {key}: nothing resolves {{SPAN}}"


def _check_parameters(specification: Specification) -> Iterator[str]:
    """v2/compiler/argocompiler/argo.go fills in defaults only where there are some."""
    for name, parameter in (
        specification["root"].get("inputDefinitions", {}).get("parameters", {}).items()
    ):
        if "defaultValue" not in parameter:
            yield f"parameter {name}: without a default an omitted value fails in the driver"
        if "parameterType" not in parameter:
            yield f"parameter {name}: has no parameterType"


def _check_types(specification: Specification) -> Iterator[str]:
    """TFX imports what stands before the last dot of a type's title; the entry point needs it."""
    for name, component in specification["components"].items():
        for side in ("inputDefinitions", "outputDefinitions"):
            for key, artifact in component.get(side, {}).get("artifacts", {}).items():
                schema = artifact.get("artifactType", {}).get("instanceSchema", "")
                title = _TYPE_TITLE.search(schema)
                if title is None or title.group(1).count(".") != 1:
                    yield f"component {name}: {key} has no type of the form package.Class"


def _check_platform(specification: Specification, platform: Specification) -> Iterator[str]:
    """v2/compiler/visitor.go matches the two documents by the executors' labels."""
    executors = specification["deploymentSpec"]["executors"]
    kubernetes = platform.get("platforms", {}).get("kubernetes", {})
    for label in kubernetes.get("deploymentSpec", {}).get("executors", {}):
        if label not in executors:
            yield f"platforms.kubernetes: there is no executor {label}"
        elif "container" not in executors[label]:
            yield f"platforms.kubernetes: {label} is an importer, which takes no such settings"
