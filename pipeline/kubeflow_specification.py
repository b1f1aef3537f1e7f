"""What a compiled pipeline says beyond TFX's: parameters, images, resources, retries, caching.

Works on the specification as plain dictionaries, and changes the one that it is given.
"""

from collections.abc import Mapping
from typing import Any

from pipeline.cluster_settings import ClusterSection, Retries
from pipeline.node_pools import Pool, quantity
from pipeline.submission_parameters import (
    SubmissionParameter,
    image_parameter,
    parameter_of_property,
)

UNCACHED = ("champion-source", "model-registrar", "pusher")
"""Steps whose result depends on the registry, which Kubeflow's cache does not see."""

_GIGABYTE = 10**9
_IMAGE_INPUT = "container_image"


def complete(
    specification: dict[str, Any],
    cluster: ClusterSection,
    parameters: Mapping[str, SubmissionParameter],
) -> None:
    """Adds what TFX cannot say.

    Args:
        specification: A PipelineSpec 2.1 as TFX compiles it.
        cluster: Where it will run.
        parameters: What may be set at submission, by name.
    """
    used = set()
    for node_id, task in specification["root"]["dag"]["tasks"].items():
        component = specification["components"][task["componentRef"]["name"]]
        executor = specification["deploymentSpec"]["executors"][component["executorLabel"]]
        used |= _take_parameters(node_id, task, parameters)
        if "container" not in executor:
            continue
        container = executor["container"]
        used.add(_take_image(image_parameter(cluster.pool_name(node_id), cluster), task, component))
        container["image"] = f"{{{{$.inputs.parameters['{_IMAGE_INPUT}']}}}}"
        resources = _resources(cluster.pool(node_id))
        if resources:
            container["resources"] = resources
        if cluster.environment:
            container["env"] = [
                {"name": name, "value": value}
                for name, value in sorted(cluster.environment.items())
            ]
        settings = cluster.steps.of(node_id)
        if settings.retries is not None and settings.retries.count:
            task["retryPolicy"] = _retry_policy(settings.retries)
        cached = bool(settings.caching) and node_id not in UNCACHED
        task["cachingOptions"] = {"enableCache": True} if cached else {}
    specification["root"]["inputDefinitions"] = {
        "parameters": {name: parameters[name].to_specification() for name in sorted(used)}
    }


def _take_parameters(
    node_id: str, task: dict[str, Any], parameters: Mapping[str, SubmissionParameter]
) -> set[str]:
    used = set()
    inputs = task.get("inputs", {}).get("parameters", {})
    for name in inputs:
        parameter = parameter_of_property(node_id, name)
        if parameter is not None and parameter in parameters:
            inputs[name] = {"componentInputParameter": parameter}
            used.add(parameter)
    return used


def _take_image(parameter: str, task: dict[str, Any], component: dict[str, Any]) -> str:
    """Gives the step its image as an input, where the driver looks for it."""
    definitions = component.setdefault("inputDefinitions", {}).setdefault("parameters", {})
    definitions[_IMAGE_INPUT] = {"parameterType": "STRING"}
    inputs = task.setdefault("inputs", {}).setdefault("parameters", {})
    inputs[_IMAGE_INPUT] = {"componentInputParameter": parameter}
    return parameter


def _resources(pool: Pool) -> dict[str, Any]:
    """Returns a ResourceSpec; Kubeflow writes memory in units of 10^9 bytes."""
    found: dict[str, Any] = {}
    for name, value in (("cpuRequest", pool.cpu_request), ("cpuLimit", pool.cpu_limit)):
        if value is not None:
            found[name] = value
    for name, text in (
        ("memoryRequest", pool.memory_request),
        ("memoryLimit", pool.memory_limit),
    ):
        size = quantity(text)
        if size is not None:
            found[name] = round(size / _GIGABYTE, 6)
    if pool.resource is not None:
        # As a number it would be a string in JSON's form of the message, as all 64-bit integers.
        found["accelerator"] = {"type": pool.resource, "count": str(pool.count)}
    return found


def _retry_policy(retries: Retries) -> dict[str, Any]:
    return {
        "maxRetryCount": retries.count,
        "backoffDuration": f"{retries.seconds}s",
        "backoffFactor": float(retries.factor),
        "backoffMaxDuration": f"{retries.most_seconds}s",
    }
