"""Serving: what the registry publishes is what is loaded, and a canary has a small share."""

import copy

import pytest

from pipeline.cluster_settings import ClusterSection
from tests.kubernetes.manifests import by_name, containers, objects, pod_template

SERVED = ClusterSection(image="micle-tfx-cpu:0.1.0", pipeline_root="gs://b/r")
"""A cluster with the defaults of its section."""


def served_folder(overlay, name):
    """The folder of the registry's volume that a server finds its versions in."""
    part = by_name(overlay, "Deployment")[name]
    [mount] = [m for m in containers(part)[0]["volumeMounts"] if m["name"] == "registry"]
    [volume] = [v for v in pod_template(part)["spec"]["volumes"] if v["name"] == "registry"]
    assert volume["persistentVolumeClaim"]["claimName"] == "micle-registry"
    assert mount["readOnly"] is True
    return mount["mountPath"], mount["subPath"]


def test_the_champion_is_what_the_pipeline_pushes():
    [registry] = [volume for volume in SERVED.volumes if volume.claim == "micle-registry"]
    pushed = SERVED.serving.removeprefix(f"{registry.mount_path}/")
    assert served_folder("serving-tensorflow", "micle-champion") == ("/models/cases", pushed)
    [service] = objects("serving-kserve", "InferenceService")
    uri = service["spec"]["predictor"]["model"]["storageUri"]
    assert uri == f"pvc://micle-registry/{pushed}"


def test_a_candidate_is_one_of_the_registry_as_a_version_of_its_own():
    place = served_folder("serving-tensorflow-canary", "micle-canary")
    assert place == ("/models/cases/1", "models/DIGEST/model")


@pytest.mark.parametrize(
    ("overlay", "expected"),
    [
        ("serving-tensorflow", {"micle-champion": 1.0}),
        ("serving-tensorflow-canary", {"micle-champion": 0.9, "micle-canary": 0.1}),
    ],
)
def test_the_traffic_goes_to_servers_that_exist_by_their_shares(overlay, expected):
    [route] = objects(overlay, "HTTPRoute")
    [rule] = route["spec"]["rules"]
    weights = {ref["name"]: ref.get("weight", 1) for ref in rule["backendRefs"]}
    total = sum(weights.values())
    assert {name: weight / total for name, weight in weights.items()} == expected
    for ref in rule["backendRefs"]:
        service = by_name(overlay, "Service")[ref["name"]]
        assert ref["port"] in [port["port"] for port in service["spec"]["ports"]]


@pytest.mark.parametrize("name", ["micle-champion", "micle-canary"])
def test_a_server_is_ready_once_a_version_is_loaded_and_not_before(name):
    [container] = containers(by_name("serving-tensorflow-canary", "Deployment")[name])
    model = dict(argument.split("=") for argument in container["args"])["--model_name"]
    # TensorFlow Serving tells the status of a model that is still loading, but not its signatures.
    for probe in ("startupProbe", "readinessProbe"):
        assert container[probe]["httpGet"]["path"] == f"/v1/models/{model}/metadata"


def test_the_champion_grows_with_the_load_and_is_never_gone():
    [scaler] = objects("serving-tensorflow", "HorizontalPodAutoscaler")
    deployment = by_name("serving-tensorflow", "Deployment")[
        scaler["spec"]["scaleTargetRef"]["name"]
    ]
    # Were it given, each apply would set the number back.
    assert "replicas" not in deployment["spec"]
    assert 2 <= scaler["spec"]["minReplicas"] < scaler["spec"]["maxReplicas"]
    [budget] = objects("serving-tensorflow", "PodDisruptionBudget")
    assert budget["spec"]["minAvailable"] < scaler["spec"]["minReplicas"]
    labels = pod_template(deployment)["metadata"]["labels"]
    assert budget["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert deployment["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0


def test_kserves_canary_differs_by_model_and_share_alone():
    [champion] = objects("serving-kserve", "InferenceService")
    [canary] = objects("serving-kserve-canary", "InferenceService")
    predictor = copy.deepcopy(canary["spec"]["predictor"])
    assert predictor.pop("canaryTrafficPercent") == 10
    assert predictor["model"].pop("storageUri") == "pvc://micle-registry/canary"
    expected = copy.deepcopy(champion["spec"]["predictor"])
    del expected["model"]["storageUri"]
    assert predictor == expected
