"""Pools: what a step asks of Kubernetes, and what is refused before it is asked."""

import pytest
from pydantic import ValidationError

from pipeline.node_pools import Pool, quantity

L4 = {"kind": "gpu", "accelerator": "nvidia-l4", "count": 1}
V5E = {"kind": "tpu", "accelerator": "tpu-v5-lite-podslice", "topology": "2x4", "count": 8}


def test_a_gpu_pool_on_gke_asks_for_its_nodes_and_puts_up_with_their_taints():
    pool = Pool(**L4, spot=True)
    assert pool.resource == "nvidia.com/gpu"
    assert pool.all_node_labels() == {
        "cloud.google.com/gke-accelerator": "nvidia-l4",
        "cloud.google.com/gke-spot": "true",
    }
    tolerated = {(t.key, t.operator, t.value, t.effect) for t in pool.all_tolerations()}
    assert tolerated == {
        ("nvidia.com/gpu", "Exists", None, "NoSchedule"),
        ("cloud.google.com/gke-spot", "Equal", "true", "NoSchedule"),
    }


def test_a_tpu_pool_names_its_slice():
    pool = Pool(**V5E)
    assert pool.resource == "google.com/tpu"
    assert pool.all_node_labels() == {
        "cloud.google.com/gke-tpu-accelerator": "tpu-v5-lite-podslice",
        "cloud.google.com/gke-tpu-topology": "2x4",
    }


def test_a_slice_of_a_gpu_is_a_label_on_gke_and_a_resource_elsewhere():
    h100 = {
        "kind": "gpu",
        "accelerator": "nvidia-h100-80gb",
        "count": 1,
        "mig_partition": "1g.10gb",
    }
    on_gke, elsewhere = Pool(**h100), Pool(**h100, labels="own")
    assert on_gke.resource == "nvidia.com/gpu"
    assert on_gke.all_node_labels()["cloud.google.com/gke-gpu-partition-size"] == "1g.10gb"
    assert elsewhere.resource == "nvidia.com/mig-1g.10gb"


def test_elsewhere_only_ones_own_labels_and_taints_are_written():
    pool = Pool(
        kind="gpu",
        labels="own",
        count=2,
        node_selector={"nvidia.com/gpu.product": "NVIDIA-L4"},
        tolerations=[{"key": "gpu", "effect": "NoSchedule"}],
    )
    assert pool.all_node_labels() == {"nvidia.com/gpu.product": "NVIDIA-L4"}
    assert [t.key for t in pool.all_tolerations()] == ["gpu"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (L4 | {"accelerator": "nvidia-l5"}, "accelerator nvidia-l5 is unknown. Known: nvidia-l4,"),
        (L4 | {"accelerator": None}, "accelerator None is unknown"),
        (L4 | {"count": 0}, "count must say how many GPUs"),
        (L4 | {"mig_partition": "1g.10gb"}, "nvidia-l4 cannot be partitioned"),
        (L4 | {"mig_partition": "half"}, "must be a share of a GPU, such as 1g.10gb. Received"),
        (V5E | {"topology": "8"}, "must be two numbers of chips, such as 2x4. Received: 8"),
        (L4 | {"memory_limit": "16 GB"}, "must be a number with Ki, Mi, Gi or Ti, such as 16Gi"),
        (L4 | {"topology": "2x2"}, "topology is for pools of kind tpu"),
        (V5E | {"accelerator": "tpu-v9"}, "Known: tpu-v5-lite-podslice, tpu-v6e-slice"),
        (V5E | {"topology": "3x3"}, "topology 3x3 is none of tpu-v5-lite-podslice. Known: 1x1"),
        (V5E | {"count": 4}, "topology 2x4 has 8 chips, but count is 4. Set count to 8"),
        (V5E | {"topology": "4x4", "count": 16}, "16 chips on several machines"),
        ({"kind": "cpu", "count": 1}, "count is for pools of kind gpu or tpu"),
        ({"kind": "cpu", "cpu_request": 4, "cpu_limit": 2}, "cpu_request must not be above"),
        (
            {"kind": "cpu", "memory_request": "2Gi", "memory_limit": "1900Mi"},
            "memory_request must not be above",
        ),
        ({"kind": "cpu", "memory_limit": "16GB"}, "memory_limit"),
        ({"kind": "cpu", "memry_limit": "16Gi"}, "memry_limit"),
    ],
)
def test_what_no_node_could_be_is_refused_with_the_remedy(fields, message):
    with pytest.raises(ValidationError, match=message):
        Pool(**fields)


def test_sizes_are_in_bytes():
    assert (quantity("1Ki"), quantity("1.5Gi"), quantity(None)) == (1024, 1.5 * 2**30, None)
