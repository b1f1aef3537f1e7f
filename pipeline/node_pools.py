"""Pools of nodes that steps run on: what a step asks of Kubernetes, checked before it is asked."""

import math
import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipeline.yaml_files import matching

Quantity = Annotated[
    str, matching(r"[0-9]+(\.[0-9]+)?(Ki|Mi|Gi|Ti)", "a number with Ki, Mi, Gi or Ti, such as 16Gi")
]
"""Bytes as Kubernetes writes them: `16Gi`."""

GPUS = (
    "nvidia-l4",
    "nvidia-tesla-t4",
    "nvidia-tesla-v100",
    "nvidia-tesla-a100",
    "nvidia-a100-80gb",
    "nvidia-h100-80gb",
    "nvidia-h100-mega-80gb",
    "nvidia-h200-141gb",
)
"""Values of GKE's node label `cloud.google.com/gke-accelerator`."""

MIG_GPUS = GPUS[3:]

TPU_TOPOLOGIES = {
    "tpu-v5-lite-podslice": ("1x1", "2x2", "2x4", "4x4", "4x8", "8x8", "8x16", "16x16"),
    "tpu-v6e-slice": ("1x1", "2x2", "2x4", "4x4", "4x8", "8x8", "8x16", "16x16"),
}
"""By values of GKE's node label `cloud.google.com/gke-tpu-accelerator`."""

LARGEST_TPU_HOST = 8
"""Chips of one machine; a step is one pod, so it cannot have more."""

_BYTES = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}


class Section(BaseModel):
    """A part of the configuration: unknown fields are refused, nothing changes later."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Toleration(Section):
    """A taint that the pods of a pool put up with; fields as in Kubernetes."""

    key: str
    operator: Literal["Exists", "Equal"] = "Exists"
    value: str | None = None
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None


class Pool(Section):
    """Nodes of one kind.

    Attributes:
        kind: `cpu`, `gpu` or `tpu`.
        labels: `gke`: the labels and taints that GKE gives such nodes are written too; `own`: only
            `node_selector` and `tolerations`.
        accelerator: GKE's name of the GPU or TPU: `nvidia-l4`, `tpu-v6e-slice`.
        count: GPUs, MIG slices or TPU chips of one step.
        mig_partition: A share of a GPU in place of a whole one: `1g.10gb`.
        topology: Of TPU chips, `2x4`; their product is `count`.
        spot: Machines that may be taken away; the steps need retries then.
        cpu_request: Cores that a step is promised.
        cpu_limit: Cores that it may take; None for no limit.
        memory_request: Memory that it is promised.
        memory_limit: Memory at which it is stopped; None for no limit.
        shared_memory: Size of /dev/shm; 64 MiB if None. Counts as memory.
        node_selector: Labels that a node must have.
        tolerations: Taints that do not matter.
        image: In place of the cluster's image, for instance with CUDA libraries.
        price_per_hour: Of one such node, for `micle status`; currency as you like.
    """

    kind: Literal["cpu", "gpu", "tpu"]
    labels: Literal["gke", "own"] = "gke"
    accelerator: str | None = None
    count: int = Field(default=0, ge=0)
    mig_partition: (
        Annotated[str, matching(r"[1-7]g\.[0-9]+gb", "a share of a GPU, such as 1g.10gb")] | None
    ) = None
    topology: (
        Annotated[str, matching(r"[0-9]+x[0-9]+", "two numbers of chips, such as 2x4")] | None
    ) = None
    spot: bool = False
    cpu_request: float | None = Field(default=None, gt=0)
    cpu_limit: float | None = Field(default=None, gt=0)
    memory_request: Quantity | None = None
    memory_limit: Quantity | None = None
    shared_memory: Quantity | None = None
    node_selector: dict[str, str] = {}
    tolerations: tuple[Toleration, ...] = ()
    image: str | None = None
    price_per_hour: float | None = Field(default=None, ge=0)

    @property
    def resource(self) -> str | None:
        """Kubernetes' name of what `count` counts."""
        if self.kind == "tpu":
            return "google.com/tpu"
        if self.kind == "gpu" and self.mig_partition and self.labels == "own":
            return f"nvidia.com/mig-{self.mig_partition}"
        return "nvidia.com/gpu" if self.kind == "gpu" else None

    def all_node_labels(self) -> dict[str, str]:
        """Returns the labels that a node must have, sorted."""
        return dict(sorted({**self._gke_labels(), **self.node_selector}.items()))

    def all_tolerations(self) -> list[Toleration]:
        """Returns the taints that do not matter to a step of this pool."""
        found = list(self.tolerations)
        if self.labels == "gke" and self.resource:
            found.append(Toleration(key=self.resource, effect="NoSchedule"))
        if self.labels == "gke" and self.spot:
            found.append(
                Toleration(
                    key="cloud.google.com/gke-spot",
                    operator="Equal",
                    value="true",
                    effect="NoSchedule",
                )
            )
        return found

    def _gke_labels(self) -> dict[str, str]:
        if self.labels == "own":
            return {}
        label = "cloud.google.com/gke-"
        found = {f"{label}spot": "true"} if self.spot else {}
        if self.kind == "gpu" and self.accelerator:
            found[f"{label}accelerator"] = self.accelerator
        if self.mig_partition:
            found[f"{label}gpu-partition-size"] = self.mig_partition
        if self.kind == "tpu" and self.accelerator and self.topology:
            found[f"{label}tpu-accelerator"] = self.accelerator
            found[f"{label}tpu-topology"] = self.topology
        return found

    @model_validator(mode="after")
    def _check(self) -> "Pool":
        check = {"cpu": self._check_cpu, "gpu": self._check_gpu, "tpu": self._check_tpu}
        check[self.kind]()
        _check_order("cpu", self.cpu_request, self.cpu_limit)
        _check_order("memory", quantity(self.memory_request), quantity(self.memory_limit))
        return self

    def _check_cpu(self) -> None:
        for name in ("accelerator", "count", "mig_partition", "topology"):
            if getattr(self, name):
                raise ValueError(f"{name} is for pools of kind gpu or tpu; leave it out")

    def _check_gpu(self) -> None:
        if self.count < 1:
            raise ValueError("count must say how many GPUs a step gets, at least 1")
        if self.topology:
            raise ValueError("topology is for pools of kind tpu; leave it out")
        if self.labels == "gke" and self.accelerator not in GPUS:
            raise ValueError(_unknown_accelerator(self.accelerator, GPUS))
        if self.mig_partition and self.labels == "gke" and self.accelerator not in MIG_GPUS:
            raise ValueError(
                f"{self.accelerator} cannot be partitioned. Leave mig_partition out, or use one of "
                f"{', '.join(MIG_GPUS)}"
            )

    def _check_tpu(self) -> None:
        if self.mig_partition:
            raise ValueError("mig_partition is for pools of kind gpu; leave it out")
        if self.labels == "own":
            raise ValueError("labels: TPUs are known on GKE only; leave it out")
        if self.accelerator not in TPU_TOPOLOGIES:
            raise ValueError(_unknown_accelerator(self.accelerator, tuple(TPU_TOPOLOGIES)))
        known = TPU_TOPOLOGIES[self.accelerator]
        if self.topology not in known:
            raise ValueError(
                f"topology {self.topology} is none of {self.accelerator}. Known: {', '.join(known)}"
            )
        chips = math.prod(int(side) for side in self.topology.split("x"))
        if chips > LARGEST_TPU_HOST:
            raise ValueError(
                f"topology {self.topology} has {chips} chips on several machines; a step is one "
                f"pod. Use one of up to {LARGEST_TPU_HOST} chips (1x1, 2x2, 2x4)"
            )
        if chips != self.count:
            raise ValueError(
                f"topology {self.topology} has {chips} chips, but count is {self.count}. Set count "
                f"to {chips}, or choose another topology"
            )


def quantity(text: str | None) -> float | None:
    """Returns the bytes of `16Gi`; None for None."""
    if text is None:
        return None
    number, unit = re.fullmatch(r"([0-9.]+)(..)", text).groups()  # type: ignore[union-attr]
    return float(number) * _BYTES[unit]


def _check_order(what: str, request: float | None, limit: float | None) -> None:
    if request is not None and limit is not None and request > limit:
        raise ValueError(f"{what}_request must not be above {what}_limit")


def _unknown_accelerator(received: str | None, known: tuple[str, ...]) -> str:
    return f"accelerator {received} is unknown. Known: {', '.join(known)}"
