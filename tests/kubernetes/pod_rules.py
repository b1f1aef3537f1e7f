"""What is asked of every pod: the pod security standard `restricted`, and more."""

from tests.kubernetes.manifests import containers, pod_template

# Of the standard `restricted`.
VOLUMES = {
    *("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral"),
    *("persistentVolumeClaim", "projected", "secret"),
}


def findings(part):
    """All that is wrong with the pods of a Deployment or Job, in words."""
    return [*_of_the_pod(part), *(each for one in containers(part) for each in _of(one))]


def _of_the_pod(part):
    spec = pod_template(part)["spec"]
    security = spec.get("securityContext", {})
    if security.get("runAsNonRoot") is not True or security.get("runAsUser", 0) < 1000:
        yield "runs as root"
    if security.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        yield "seccomp profile is not RuntimeDefault"
    if any(spec.get(field) for field in ("hostNetwork", "hostPID", "hostIPC")):
        yield "shares a namespace of its host"
    if spec.get("automountServiceAccountToken") is not False:
        yield "is given a token of the API server"
    if not spec.get("serviceAccountName", "").startswith("micle-"):
        yield "has no service account of its own"
    for volume in spec.get("volumes", ()):
        if not VOLUMES & volume.keys():
            yield f"volume {volume['name']} is of a kind that is not allowed"
        if "emptyDir" in volume and "sizeLimit" not in volume["emptyDir"]:
            yield f"volume {volume['name']} has no size limit"


def _of(container):
    name, security = container["name"], container.get("securityContext", {})
    if security.get("allowPrivilegeEscalation") is not False or security.get("privileged"):
        yield f"{name} may gain privileges"
    if security.get("readOnlyRootFilesystem") is not True:
        yield f"{name} can write to its root file system"
    if security.get("capabilities") != {"drop": ["ALL"]}:
        yield f"{name} keeps capabilities"
    resources = container.get("resources", {})
    for kind in ("requests", "limits"):
        missing = {"cpu", "memory", "ephemeral-storage"} - resources.get(kind, {}).keys()
        if missing:
            yield f"{name} has no {kind} of {', '.join(sorted(missing))}"
    tag = container["image"].rpartition("/")[2].partition(":")[2]
    if tag in ("", "latest"):
        yield f"{name}'s image has no version"
    for variable in container.get("env", ()):
        if any(word in variable["name"] for word in ("SECRET", "PASSWORD", "TOKEN", "KEY")):
            yield f"{name} has a secret in its environment"
