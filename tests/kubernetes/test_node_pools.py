"""Node pools: chips and hosts fit, and what a pod asks for is what a node has."""

import pytest

from tests.kubernetes.manifests import by_name, objects

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
    assert node["taint"] == [{"key": "nvidia.com/gpu", "value": "present", "effect": "NO_SCHEDULE"}]


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
    taint = {"key": "google.com/tpu", "value": "present", "effect": "NO_SCHEDULE"}
    assert spec["nodeConfig"]["taint"] == [taint]


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
