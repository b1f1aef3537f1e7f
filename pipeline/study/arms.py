"""What a study trains: encoders as a prefix tree of steps, and the arms that start from them."""

import hashlib
from dataclasses import dataclass

from components.study_report.arms import ComparedArm, compared_arms
from pipeline.study.settings import Study


@dataclass(frozen=True)
class StudyEncoder:
    """One encoder of the tree, for one seed.

    Attributes:
        chain: Names of the steps from random weights to this one, which is the last.
        seed: Of this step.
        parent: The encoder that it starts from; None for random weights.
        is_ready: It is given and not trained.
    """

    chain: tuple[str, ...]
    seed: int
    parent: "StudyEncoder | None" = None
    is_ready: bool = False

    @property
    def step(self) -> str:
        """Name of its own step."""
        return self.chain[-1]

    @property
    def role(self) -> str:
        """Its part of node ids: `simclr-medical-s0`, and where it has a past, a digest of that.

        It depends on nothing but the chain, so a study that grows keeps its finished encoders.
        """
        past = ""
        if len(self.chain) > 1:
            past = "-" + hashlib.sha256(" ".join(self.chain[:-1]).encode()).hexdigest()[:4]
        return f"{self.step}{past}-s{self.seed}"

    @property
    def node_id(self) -> str:
        """Of the step that yields it."""
        return f"encoder-{self.step}" if self.is_ready else f"pretrain-{self.role}"


@dataclass(frozen=True)
class Arm(ComparedArm):
    """An arm as it is trained.

    Attributes:
        encoder: What it starts from; None for random weights.
    """

    encoder: StudyEncoder | None

    @property
    def lineage(self) -> list[StudyEncoder]:
        """The encoders that it has gone through, the first first."""
        return _lineage(self.encoder)


def arms_of(study: Study) -> list[Arm]:
    """Returns every arm: seed by seed, so that whole repetitions are there early."""
    found = compared_arms(
        study.seeds, study.initialisations, study.trainable, study.label_fractions
    )
    return [
        Arm(
            arm.initialisation,
            arm.label_fraction,
            arm.seed,
            arm.trainable,
            encoder=_encoder_of(study, study.initialisations[arm.initialisation], arm.seed),
        )
        for arm in found
    ]


def encoders_of(study: Study) -> list[StudyEncoder]:
    """Returns every encoder once, parents before children: the prefix tree of all chains."""
    found: dict[StudyEncoder, None] = {}
    for seed in study.seeds:
        for chain in study.initialisations.values():
            found.update(dict.fromkeys(_lineage(_encoder_of(study, chain, seed))))
    return list(found)


def _encoder_of(study: Study, chain: tuple[str, ...], seed: int) -> StudyEncoder | None:
    encoder = None
    for length, step in enumerate(chain, start=1):
        own_seed = study.seeds[0] if study.is_shared(step) else seed
        is_ready = study.steps[step].method == "ready"
        encoder = StudyEncoder(chain[:length], own_seed, encoder, is_ready)
    return encoder


def _lineage(encoder: StudyEncoder | None) -> list[StudyEncoder]:
    """Returns an encoder with those before it, the first first."""
    return [*_lineage(encoder.parent), encoder] if encoder else []
