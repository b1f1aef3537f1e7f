"""Who may do what, who may reach whom, and that no secret lies in a manifest."""

import pytest
import yaml

from pipeline.cluster_settings import ClusterSection
from tests.kubernetes.manifests import (
    OVERLAYS,
    PROJECT,
    by_name,
    everywhere,
    named,
    objects,
    pod_template,
    with_pods,
)

OF_A_RUN = {"pipelines.kubeflow.org/v2_component": "true"}
WITH_NAMESPACE = ["gke", "gke-flink", "on-premise"]


def test_no_manifest_holds_a_secret():
    assert everywhere("Secret") == []


def test_the_key_comes_from_a_secret_manager_and_is_never_replaced():
    [secret] = objects("gke", "ExternalSecret")
    assert secret["spec"]["target"]["name"] == "micle-pseudonym-key"
    assert [one["secretKey"] for one in secret["spec"]["data"]] == ["pseudonym.key"]
    assert secret["spec"]["refreshPolicy"] == "CreatedOnce"


def test_flinks_workers_read_the_key_where_the_steps_have_it():
    task_manager = by_name("gke-flink", "Deployment")["micle-flink-task-manager"]
    pod = task_manager["spec"]["template"]["spec"]
    [workers] = [one for one in pod["containers"] if one["name"] == "python-workers"]
    [secret] = ClusterSection.model_fields["secrets"].default
    [mount] = [one for one in workers["volumeMounts"] if one["mountPath"] == secret.mount_path]
    [volume] = [one for one in pod["volumes"] if one["name"] == mount["name"]]
    assert volume["secret"]["secretName"] == secret.secret


@pytest.mark.parametrize("overlay", WITH_NAMESPACE)
def test_the_namespace_takes_restricted_pods_only(overlay):
    labels = by_name(overlay, "Namespace")["micle"]["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


@pytest.mark.parametrize("pair", everywhere("Role", "ClusterRole"), ids=named)
def test_no_role_is_for_the_cluster_or_for_everything(pair):
    assert pair[1]["kind"] == "Role"
    for rule in pair[1]["rules"]:
        assert "*" not in [*rule["verbs"], *rule["resources"], *rule["apiGroups"]]
        if "secrets" in rule["resources"]:
            assert rule["verbs"] == ["get"] and rule["resourceNames"]


@pytest.mark.parametrize("pair", everywhere("RoleBinding"), ids=named)
def test_a_role_is_bound_to_a_service_account_of_the_same_namespace(pair):
    overlay, binding = pair
    for subject in binding["subjects"]:
        account = by_name(overlay, "ServiceAccount")[subject["name"]]
        assert subject["namespace"] == account["metadata"]["namespace"]
        assert subject["namespace"] == binding["metadata"]["namespace"]


def test_only_steps_of_a_run_are_given_a_token_of_the_api_server():
    for _, account in everywhere("ServiceAccount"):
        name = account["metadata"]["name"]
        assert account["automountServiceAccountToken"] is (name == "micle-pipeline")


@pytest.mark.parametrize("overlay", WITH_NAMESPACE)
def test_a_pod_that_no_policy_names_reaches_nothing_but_names(overlay):
    policies = [part["spec"] for part in objects(overlay, "NetworkPolicy")]
    of_any_pod = [spec for spec in policies if spec["podSelector"] == {}]
    assert {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]} in of_any_pod
    allowed = [rule for spec in of_any_pod for rule in spec.get("egress", ())]
    assert [port["port"] for rule in allowed for port in rule["ports"]] == [53, 53]
    assert not any(spec.get("ingress") for spec in of_any_pod)


def test_in_kubeflows_own_namespace_only_our_pods_are_cut_off():
    kinds = {part["kind"] for part in objects("standalone")}
    assert not kinds & {"Namespace", "ResourceQuota", "LimitRange"}
    for policy in objects("standalone", "NetworkPolicy"):
        assert policy["spec"]["podSelector"] != {}
    assert {part["metadata"]["namespace"] for part in objects("standalone")} == {"kubeflow"}


def test_only_named_ports_lead_out_of_the_cluster():
    for _, policy in everywhere("NetworkPolicy"):
        for rule in policy["spec"].get("egress", ()):
            outside = [peer for peer in rule["to"] if "ipBlock" in peer]
            if outside:
                assert {port["port"] for port in rule["ports"]} <= {80, 443, 988, 6443}


def test_no_service_is_reached_from_outside_but_by_the_gateway():
    for _, service in everywhere("Service"):
        assert service["spec"].get("type", "ClusterIP") == "ClusterIP"
    assert everywhere("Ingress") == []


@pytest.mark.parametrize("pair", everywhere("NetworkPolicy"), ids=named)
def test_a_policy_is_for_pods_that_exist(pair):
    overlay, policy = pair
    wanted = policy["spec"]["podSelector"].get("matchLabels", {})
    # Kubeflow and KServe make these themselves.
    if wanted in ({}, OF_A_RUN, {"serving.kserve.io/inferenceservice": "micle-cases"}):
        return
    labels = [pod_template(part)["metadata"]["labels"] for _, part in with_pods(overlay)]
    assert any(wanted.items() <= each.items() for each in labels)


@pytest.mark.parametrize("pair", everywhere("Service"), ids=named)
def test_a_service_leads_to_ports_that_its_pods_open(pair):
    overlay, service = pair
    selected = [
        part
        for _, part in with_pods(overlay)
        if service["spec"]["selector"].items() <= pod_template(part)["metadata"]["labels"].items()
    ]
    assert len(selected) == 1
    opened = {
        port["name"]
        for container in pod_template(selected[0])["spec"]["containers"]
        for port in container.get("ports", ())
    }
    assert {port["targetPort"] for port in service["spec"]["ports"]} <= opened


@pytest.mark.parametrize("pair", with_pods(), ids=named)
def test_volumes_and_service_accounts_of_a_pod_are_those_of_the_base(pair):
    spec = pod_template(pair[1])["spec"]
    claims = {
        volume["persistentVolumeClaim"]["claimName"]
        for volume in spec["volumes"]
        if "persistentVolumeClaim" in volume
    }
    assert claims <= by_name("on-premise", "PersistentVolumeClaim").keys()
    assert spec["serviceAccountName"] in by_name("on-premise", "ServiceAccount")


def test_every_yaml_file_is_part_of_an_overlay():
    """But for values of others' charts."""
    used = set()
    for path in PROJECT.glob("kubernetes/**/kustomization.yaml"):
        used |= _files_of(path)
    written = {
        path
        for path in PROJECT.glob("kubernetes/**/*.yaml")
        if path.name not in ("kustomization.yaml", "device-plugin-values.yaml")
    }
    assert written == {path for path in used if path.suffix == ".yaml" and path in written}
    assert len(OVERLAYS) >= 9


def _files_of(kustomization):
    values = yaml.safe_load(kustomization.read_text())
    names = [
        *values.get("resources", ()),
        *(patch["path"] for patch in values.get("patches", ()) if "path" in patch),
        *(f for one in values.get("configMapGenerator", ()) for f in one.get("files", ())),
    ]
    return {(kustomization.parent / name).resolve() for name in names}


def test_the_guide_names_every_overlay():
    guide = (PROJECT / "docs" / "kubeflow.md").read_text()
    for overlay in OVERLAYS:
        assert f"`{overlay.removesuffix('-canary')}`" in guide
