"""What a study trains: encoders as a prefix tree of steps, and the arms that start from them."""

import hashlib
from dataclasses import dataclass

from pipeline.study.settings import Study, Trainable


@dataclass(frozen=True)
class TrainedEncoder:
    """One pretraining of the tree, for one seed.

    Attributes:
        chain: Names of the steps from random weights to this one, which is the last.
        seed: Of the whole chain.
    """

    chain: tuple[str, ...]
    seed: int

    @property
    def step(self) -> str:
        """Name of its own step."""
        return self.chain[-1]

    @property
    def parent(self) -> "TrainedEncoder | None":
        """The encoder that it starts from; None for random weights."""
        return TrainedEncoder(self.chain[:-1], self.seed) if len(self.chain) > 1 else None

    @property
    def role(self) -> str:
        """Its part of node ids: `simclr-medical-s0`, and where it has a past, a digest of that.

        It depends on nothing but the chain, so a study that grows keeps its finished encoders.
        """
        past = ""
        if len(self.chain) > 1:
            past = "-" + hashlib.sha256(" ".join(self.chain[:-1]).encode()).hexdigest()[:4]
        return f"{self.step}{past}-s{self.seed}"


@dataclass(frozen=True)
class Arm:
    """One fine-tuned model: a start, a share of the labels, a seed.

    Attributes:
        initialisation: Name of the start.
        chain: Steps of the start.
        label_fraction: Share of the training patients whose labels are used.
        seed: Of everything random.
        trainable: All of the network, or its head.
    """

    initialisation: str
    chain: tuple[str, ...]
    label_fraction: float
    seed: int
    trainable: Trainable

    @property
    def encoder(self) -> TrainedEncoder | None:
        """What it starts from; None for random weights."""
        return TrainedEncoder(self.chain, self.seed) if self.chain else None

    @property
    def role(self) -> str:
        """Its part of node ids: `simclr-medical-f20-s0`, and `-head` for a linear probe."""
        probe = "-head" if self.trainable == "head" else ""
        # A dot is no character of a Kubernetes name: 0.125 is 12p5.
        percent = f"{100 * self.label_fraction:g}".replace(".", "p")
        return f"{self.initialisation}-f{percent}-s{self.seed}{probe}"


def arms_of(study: Study) -> list[Arm]:
    """Returns every arm: seed by seed, so that whole repetitions are there early."""
    return [
        Arm(name, chain, fraction, seed, trainable)
        for seed in study.seeds
        for name, chain in study.initialisations.items()
        for trainable in study.trainable
        for fraction in study.label_fractions
    ]


def encoders_of(study: Study) -> list[TrainedEncoder]:
    """Returns every encoder once, parents before children: the prefix tree of all chains."""
    found = {
        TrainedEncoder(chain[:length], seed): None
        for seed in study.seeds
        for chain in study.initialisations.values()
        for length in range(1, len(chain) + 1)
    }
    return list(found)
