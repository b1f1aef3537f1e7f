"""How often a step's container was started: Kubeflow's API tells it only by Argo's identifiers."""

from collections.abc import Collection

_FNV_OFFSET, _FNV_PRIME = 0x811C9DC5, 0x01000193


def count_attempts(step: str, started: Collection[str]) -> int | None:
    """Returns how often a step's container was started.

    Args:
        step: Name of the step.
        started: Identifiers of all nodes that some other node of the run started.

    Returns:
        None where the step has no node for retries.
    """
    for workflow in {identifier.rpartition("-")[0] for identifier in started}:
        count = 0
        while argo_node_id(workflow, f"root.{step}.executor({count})") in started:
            count += 1
        if count:
            return count
    return None


def argo_node_id(workflow: str, path: str) -> str:
    """Returns Argo's identifier of a node: the workflow's name and a 32-bit FNV-1a hash.

    Args:
        workflow: Name of the workflow.
        path: Names of the nodes above it and its own, with dots between.
    """
    digest = _FNV_OFFSET
    for byte in f"{workflow}.{path}".encode():
        digest = ((digest ^ byte) * _FNV_PRIME) & 0xFFFFFFFF
    return f"{workflow}-{digest}"
