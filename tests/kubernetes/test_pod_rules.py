"""Every pod keeps the pod security standard `restricted`, and says what it needs."""

import copy

import pytest

from tests.kubernetes.manifests import containers, named, pod_template, with_pods
from tests.kubernetes.pod_rules import findings


@pytest.mark.parametrize("pair", with_pods(), ids=named)
def test_a_pod_has_no_finding(pair):
    assert findings(pair[1]) == []


@pytest.mark.parametrize(
    "pair", [p for p in with_pods() if p[1]["kind"] == "Deployment"], ids=named
)
def test_a_server_says_whether_it_is_ready_and_alive(pair):
    for container in containers(pair[1]):
        assert {"readinessProbe", "livenessProbe"} <= container.keys()


@pytest.mark.parametrize("pair", [p for p in with_pods() if p[1]["kind"] == "Job"], ids=named)
def test_a_job_gets_no_container_that_would_keep_it_from_ending(pair):
    labels = pod_template(pair[1])["metadata"]["labels"]
    assert labels["sidecar.istio.io/inject"] == "false"
    assert pair[1]["spec"]["template"]["spec"]["restartPolicy"] == "Never"


SPOILT = {
    "runs as root": lambda spec, container: spec["securityContext"].pop("runAsNonRoot"),
    "seccomp": lambda spec, container: spec["securityContext"].pop("seccompProfile"),
    "namespace of its host": lambda spec, container: spec.update(hostPID=True),
    "token": lambda spec, container: spec.pop("automountServiceAccountToken"),
    "service account": lambda spec, container: spec.update(serviceAccountName="default"),
    "not allowed": lambda spec, container: spec["volumes"].append(
        {"name": "host", "hostPath": {"path": "/"}}
    ),
    "size limit": lambda spec, container: spec["volumes"].append({"name": "x", "emptyDir": {}}),
    "gain privileges": lambda spec, container: container["securityContext"].pop(
        "allowPrivilegeEscalation"
    ),
    "root file system": lambda spec, container: container["securityContext"].update(
        readOnlyRootFilesystem=False
    ),
    "capabilities": lambda spec, container: container["securityContext"]["capabilities"].update(
        add=["SYS_ADMIN"]
    ),
    "limits of memory": lambda spec, container: container["resources"]["limits"].pop("memory"),
    "no version": lambda spec, container: container.update(image="x.example.org:5000/micle/a"),
    "in its environment": lambda spec, container: container.update(
        env=[{"name": "API_TOKEN", "value": "x"}]
    ),
}


@pytest.mark.parametrize("expected", SPOILT)
def test_each_rule_finds_what_breaks_it(expected):
    part = copy.deepcopy(with_pods("gke")[0][1])
    SPOILT[expected](pod_template(part)["spec"], containers(part)[0])
    [found] = findings(part)
    assert expected in found
