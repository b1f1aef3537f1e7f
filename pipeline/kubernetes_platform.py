"""The second document of a compiled pipeline: what Kubernetes is told about each step's pod.

The fields are those of kubeflow/pipelines' `KubernetesExecutorConfig`; names of volumes and secrets
are written in the fields that every 2.x release reads.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.cluster_settings import ClusterSection, is_under
from pipeline.node_pools import Pool, Toleration

_SHARED_MEMORY = "shared-memory"


def platform_document(specification: Mapping[str, Any], cluster: ClusterSection) -> dict[str, Any]:
    """Returns the document for a completed specification.

    A step mounts the volumes and secrets that its own parameters name a path of, so the key behind
    the pseudonyms reaches the ingestion alone.
    """
    executors = {}
    for node_id, task in specification["root"]["dag"]["tasks"].items():
        component = specification["components"][task["componentRef"]["name"]]
        label = component["executorLabel"]
        if "container" in specification["deploymentSpec"]["executors"][label]:
            places = list(_places(task, specification["root"]))
            executors[label] = _executor(node_id, places, cluster)
    return {"platforms": {"kubernetes": {"deploymentSpec": {"executors": executors}}}}


def _executor(node_id: str, places: list[str], cluster: ClusterSection) -> dict[str, Any]:
    pool = cluster.pool(node_id)
    found: dict[str, Any] = {}
    claims = [
        {"constant": volume.claim, "mountPath": volume.mount_path}
        for volume in cluster.volumes
        if any(is_under(place, volume.mount_path) for place in places)
    ]
    secrets = [
        {"secretName": secret.secret, "mountPath": secret.mount_path, "optional": False}
        for secret in cluster.secrets
        if any(is_under(place, secret.mount_path) for place in places)
    ]
    labels = pool.all_node_labels()
    tolerations = [_toleration(toleration) for toleration in pool.all_tolerations()]
    hours = cluster.steps.of(node_id).timeout_hours
    for name, value in (
        ("pvcMount", claims),
        ("secretAsVolume", secrets),
        ("nodeSelector", {"labels": labels} if labels else None),
        ("tolerations", tolerations),
        ("emptyDirMounts", _shared_memory(pool)),
        # 64-bit integers are strings in JSON's form of a message.
        ("activeDeadlineSeconds", str(round(hours * 3600)) if hours else None),
    ):
        if value:
            found[name] = value
    return found


def _shared_memory(pool: Pool) -> list[dict[str, Any]]:
    """A memory-backed volume; Kubeflow's driver does not read `enabledSharedMemory`."""
    if pool.shared_memory is None:
        return []
    return [
        {
            "volumeName": _SHARED_MEMORY,
            "mountPath": "/dev/shm",
            "medium": "Memory",
            "sizeLimit": pool.shared_memory,
        }
    ]


def _toleration(toleration: Toleration) -> dict[str, Any]:
    return toleration.model_dump(exclude_none=True)


def _places(task: Mapping[str, Any], root: Mapping[str, Any]) -> Iterator[str]:
    """Yields the texts among a step's parameters, those inside JSON and the defaults too."""
    defaults = root.get("inputDefinitions", {}).get("parameters", {})
    for parameter in task.get("inputs", {}).get("parameters", {}).values():
        if "componentInputParameter" in parameter:
            yield from _texts(defaults[parameter["componentInputParameter"]]["defaultValue"])
        else:
            yield from _texts(parameter.get("runtimeValue", {}).get("constant"))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        inner = _parsed(value)
        if inner is None:
            yield value
        else:
            yield from _texts(inner)
    elif isinstance(value, dict):
        for entry in value.values():
            yield from _texts(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from _texts(entry)


def _parsed(text: str) -> Any:
    """Returns the object or list that a text holds as JSON, or None."""
    if not text.startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None
