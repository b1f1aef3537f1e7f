"""What a validation says."""

from dataclasses import dataclass, field
from typing import Literal

from components.pair_builder.settings import PairRule, PairScope

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong (`error` stops a run) or should be known (`warning`)."""

    severity: Severity
    message: str


@dataclass(frozen=True)
class Summary:
    """What a sound data set holds.

    Attributes:
        images: Sound ones.
        cases: Of them.
        patients: Of the cases.
        cases_by_split: Cases by the name of their split.
        training_patients: Patients of the training split with a labelled case of each class.
        sites: Of the cases that a split takes, and of external collections.
        labelled_patients: Patients of the training split of whom something is known, by the
            indices of the classes that a case of theirs has.
        pairable: Scopes and rules by which some two images of the training split make a pair.
        image_bytes: Of all images, those of external collections too.
    """

    images: int
    cases: int
    patients: int
    cases_by_split: dict[str, int]
    training_patients: dict[str, int]
    sites: frozenset[str] = frozenset()
    labelled_patients: dict[frozenset[int], int] = field(default_factory=dict)
    pairable: frozenset[tuple[PairScope, PairRule]] = frozenset()
    image_bytes: int = 0


@dataclass(frozen=True)
class Validation:
    """All findings, and a summary by data set."""

    findings: tuple[Finding, ...]
    summaries: dict[str, Summary]

    @property
    def errors(self) -> list[Finding]:
        """Findings that stop a run."""
        return [finding for finding in self.findings if finding.severity == "error"]
