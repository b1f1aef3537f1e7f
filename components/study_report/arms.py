"""The arms of a study, by what tells them apart."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Trainable = Literal["network", "head"]


@dataclass(frozen=True)
class ComparedArm:
    """One fine-tuned model of a study, by what it is compared by.

    Attributes:
        initialisation: Name of the start.
        label_fraction: Share of the training patients whose labels are used.
        seed: Of everything random.
        trainable: All of the network, or its head.
    """

    initialisation: str
    label_fraction: float
    seed: int
    trainable: Trainable

    @property
    def role(self) -> str:
        """Its part of node ids: `simclr-medical-f20-s0`, and `-head` for a linear probe."""
        probe = "-head" if self.trainable == "head" else ""
        percent = name_of_fraction(self.label_fraction)
        return f"{self.initialisation}-f{percent}-s{self.seed}{probe}"


def compared_arms(
    seeds: Iterable[int],
    initialisations: Iterable[str],
    trainable: Iterable[Trainable],
    label_fractions: Iterable[float],
) -> list[ComparedArm]:
    """Returns every arm: seed by seed, so that whole repetitions are there early."""
    return [
        ComparedArm(name, fraction, seed, kind)
        for seed in seeds
        for name in initialisations
        for kind in trainable
        for fraction in label_fractions
    ]


def name_of_fraction(fraction: float) -> str:
    """Returns a share of the labels as a part of names: 20 for 0.2, 12p5 for 0.125."""
    # A dot is no character of a Kubernetes name.
    return f"{100 * fraction:g}".replace(".", "p")
