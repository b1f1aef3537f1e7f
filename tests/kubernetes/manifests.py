"""What kustomize makes of the overlays under `kubernetes/`."""

import functools
import subprocess
import sys
from pathlib import Path

import yaml

PROJECT = Path(__file__).parents[2]
OVERLAYS = sorted(path.name for path in (PROJECT / "kubernetes" / "overlays").iterdir())

# The one that the locked requirements install, not one of the machine.
KUBECTL = Path(sys.executable).with_name("kubectl")


@functools.cache
def _built(overlay):
    built = subprocess.run(
        [KUBECTL, "kustomize", PROJECT / "kubernetes" / "overlays" / overlay],
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stderr
    # Such as of deprecated fields.
    assert not built.stderr, built.stderr
    return [part for part in yaml.load_all(built.stdout, yaml.CSafeLoader) if part]


def objects(overlay, *kinds):
    """All objects of an overlay, or those of some kinds; not to be changed."""
    return [part for part in _built(overlay) if not kinds or part["kind"] in kinds]


def everywhere(*kinds):
    """Pairs of an overlay's name and an object in it, for parametrised tests."""
    return [(overlay, part) for overlay in OVERLAYS for part in objects(overlay, *kinds)]


def named(pair):
    """Identifier of such a pair in pytest's output."""
    overlay, part = pair
    return f"{overlay}:{part['kind']}:{part['metadata']['name']}"


def by_name(overlay, kind):
    """Objects of a kind by their names."""
    return {part["metadata"]["name"]: part for part in objects(overlay, kind)}


def with_pods(*overlays):
    """Pairs of an overlay and an object that makes pods; the Jobs of a JobSet are such objects."""
    pairs = everywhere("Deployment", "Job", "StatefulSet", "DaemonSet")
    pairs += [(overlay, job) for overlay, part in everywhere("JobSet") for job in jobs_of(part)]
    return [pair for pair in pairs if not overlays or pair[0] in overlays]


def jobs_of(job_set):
    """The Jobs that a JobSet's controller makes, of which each is there once."""
    return [
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": f"{job_set['metadata']['name']}-{job['name']}-0"},
            "spec": job["template"]["spec"],
        }
        for job in job_set["spec"]["replicatedJobs"]
        if job["replicas"] == 1
    ]


def pod_template(part):
    """The pods that a Deployment or Job makes: metadata and spec."""
    return part["spec"]["template"]


def containers(part):
    """All containers of the pods, those that run before the others included."""
    spec = pod_template(part)["spec"]
    return [*spec.get("initContainers", ()), *spec["containers"]]
