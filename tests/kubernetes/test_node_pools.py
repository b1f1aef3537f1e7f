"""Node pools: chips and hosts fit, and what a pod asks for is what a node has."""

import pytest
import yaml

from pipeline.cluster_settings import ClusterSection
from pipeline.node_pools import Pool
from tests.kubernetes.manifests import PROJECT, by_name, objects

POOLS = by_name("gke-infrastructure", "ContainerNodePool")
# As Google's documentation gives them.
GPUS = {
    "g2-standard-16": ("nvidia-l4", 1),
    "a2-highgpu-1g": ("nvidia-tesla-a100", 1),
    "a2-highgpu-8g": ("nvidia-tesla-a100", 8),
    "a3-highgpu-8g": ("nvidia-h100-80gb", 8),
}
CHIPS_OF_A_HOST = {
    "ct5lp-hightpu-1t": 1,
    "ct5lp-hightpu-4t": 4,
    "ct5lp-hightpu-8t": 8,
    "ct6e-standard-4t": 4,
    "ct6e-standard-8t": 8,
}


def pools(kind):
    return [
        pool
        for pool in POOLS.values()
        if pool["metadata"].get("labels", {}).get("accelerator") == kind
    ]


def names(pool):
    return pool["metadata"]["name"]


def taints(pool):
    written = pool["spec"]["nodeConfig"]["taint"]
    assert {taint["effect"] for taint in written} == {"NO_SCHEDULE"}
    return {taint["key"] for taint in written}


def spot_taint(pool):
    """Nothing that cannot be interrupted may land on machines that are taken away."""
    return {"cloud.google.com/gke-spot"} if pool["spec"]["nodeConfig"].get("spot") else set()


def node_labels(pool):
    """What GKE writes on the nodes of a pool."""
    node, prefix = pool["spec"]["nodeConfig"], "cloud.google.com/gke-"
    labels = {f"{prefix}spot": "true"} if node.get("spot") else {}
    for gpu in node.get("guestAccelerator", ()):
        labels[f"{prefix}accelerator"] = gpu["type"]
        if "gpuPartitionSize" in gpu:
            labels[f"{prefix}gpu-partition-size"] = gpu["gpuPartitionSize"]
    generation = {"ct5l": "tpu-v5-lite-podslice", "ct6e": "tpu-v6e-slice"}
    if node["machineType"][:4] in generation:
        labels[f"{prefix}tpu-accelerator"] = generation[node["machineType"][:4]]
        labels[f"{prefix}tpu-topology"] = pool["metadata"]["name"].rpartition("-")[2]
    return labels


def fitting(settings):
    """Names of the node pools on which a step of a configuration's pool would run."""
    tolerated = {toleration.key for toleration in settings.all_tolerations()}
    return [
        name
        for name, pool in POOLS.items()
        if settings.all_node_labels().items() <= node_labels(pool).items()
        and ("taint" not in pool["spec"]["nodeConfig"] or taints(pool) <= tolerated)
    ]


def test_there_is_a_pool_of_every_kind():
    accelerators = {
        pool["spec"]["nodeConfig"]["guestAccelerator"][0]["type"] for pool in pools("gpu")
    }
    assert accelerators == {"nvidia-l4", "nvidia-tesla-a100", "nvidia-h100-80gb"}
    generations = {pool["spec"]["nodeConfig"]["machineType"][:4] for pool in pools("tpu")}
    assert generations == {"ct5l", "ct6e"}
    for generation in generations:
        of_it = [
            p for p in pools("tpu") if p["spec"]["nodeConfig"]["machineType"].startswith(generation)
        ]
        assert {"placementPolicy" in pool["spec"] for pool in of_it} == {True, False}


@pytest.mark.parametrize("pool", pools("gpu"), ids=names)
def test_a_gpu_pool_has_the_gpus_of_its_machine(pool):
    node = pool["spec"]["nodeConfig"]
    [gpu] = node["guestAccelerator"]
    assert (gpu["type"], gpu["count"]) == GPUS[node["machineType"]]
    assert taints(pool) == {"nvidia.com/gpu"} | spot_taint(pool)


def test_h100_comes_whole_and_cut_by_mig():
    sizes = {
        pool["spec"]["nodeConfig"]["guestAccelerator"][0].get("gpuPartitionSize")
        for pool in pools("gpu")
        if pool["spec"]["nodeConfig"]["guestAccelerator"][0]["type"] == "nvidia-h100-80gb"
    }
    assert sizes == {None, "3g.40gb"}


@pytest.mark.parametrize("pool", pools("tpu"), ids=names)
def test_a_tpu_pool_has_the_hosts_that_its_topology_needs(pool):
    spec = pool["spec"]
    name_topology = pool["metadata"]["name"].rpartition("-")[2]
    chips = 1
    for side in name_topology.split("x"):
        chips *= int(side)
    of_a_host = CHIPS_OF_A_HOST[spec["nodeConfig"]["machineType"]]
    placement = spec.get("placementPolicy")
    if placement is None:
        assert chips == of_a_host
    else:
        assert placement["tpuTopology"] == name_topology
        assert chips == of_a_host * spec["autoscaling"]["maxNodeCount"]
    assert taints(pool) == {"google.com/tpu"} | spot_taint(pool)


@pytest.mark.parametrize("pool", POOLS.values(), ids=names)
def test_a_pool_costs_nothing_when_nothing_runs(pool):
    assert pool["spec"]["autoscaling"]["minNodeCount"] == 0


@pytest.mark.parametrize("pool", POOLS.values(), ids=names)
def test_pods_of_a_pool_cannot_take_the_nodes_identity(pool):
    assert pool["spec"]["nodeConfig"]["workloadMetadataConfig"] == {"mode": "GKE_METADATA"}


def test_nodes_of_ones_own_have_the_labels_and_taints_of_gke():
    accelerators = {accelerator for accelerator, _ in GPUS.values()}
    settings = by_name("on-premise-nodes", "ConfigMap")["micle-device-plugin"]["data"]
    for node in objects("on-premise-nodes", "Node"):
        labels = node["metadata"]["labels"]
        assert labels["cloud.google.com/gke-accelerator"] in accelerators
        assert node["spec"]["taints"] == [
            {"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}
        ]
        cut = "cloud.google.com/gke-gpu-partition-size" in labels
        assert labels["nvidia.com/device-plugin.config"] == ("mig" if cut else "whole")
        assert labels["nvidia.com/device-plugin.config"] in settings


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"kind": "cpu"}, "cpu"),
        ({"kind": "gpu", "accelerator": "nvidia-l4", "count": 1, "spot": True}, "gpu-l4"),
        ({"kind": "gpu", "accelerator": "nvidia-h100-80gb", "count": 8}, "gpu-h100-8"),
        (
            {
                **{"kind": "gpu", "accelerator": "nvidia-h100-80gb", "count": 1},
                "mig_partition": "3g.40gb",
            },
            "gpu-h100-mig",
        ),
        (
            {
                **{"kind": "tpu", "accelerator": "tpu-v5-lite-podslice"},
                **{"topology": "2x4", "count": 8},
            },
            "tpu-v5e-2x4",
        ),
        (
            {"kind": "tpu", "accelerator": "tpu-v6e-slice", "topology": "2x4", "count": 8},
            "tpu-v6e-2x4",
        ),
    ],
)
def test_a_pool_of_a_configuration_lands_on_the_node_pool_of_its_kind(values, expected):
    assert expected in fitting(Pool(**values))


def test_every_pool_of_the_example_cluster_has_nodes():
    cluster = ClusterSection.model_validate(
        yaml.safe_load((PROJECT / "configs" / "clusters" / "gke.yaml").read_text())
    )
    for settings in cluster.pools.values():
        assert fitting(settings), settings
    claims = {volume.claim for volume in cluster.volumes}
    assert claims <= by_name("gke", "PersistentVolumeClaim").keys()
    assert cluster.service_account in by_name("gke", "ServiceAccount")
    assert {secret.secret for secret in cluster.secrets} == by_name("gke", "ExternalSecret").keys()
