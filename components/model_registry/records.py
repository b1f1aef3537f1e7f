"""What the registry keeps of a candidate beside its files."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Lineage:
    """Where a model comes from.

    Attributes:
        pipeline_name: Name of the pipeline.
        data_fingerprint: Digest of the manifest and the images.
        package_version: Version of `micle-tfx`.
        configuration_digest: Digest of the whole configuration.
        training_digest: Digest of what decides the model: data, network, training, seed. Two runs
            that share it make the same candidate, however they judge or report it.
    """

    pipeline_name: str
    data_fingerprint: str
    package_version: str
    configuration_digest: str
    training_digest: str


@dataclass(frozen=True)
class CandidateRecord:
    """A candidate as it was judged; the same judgement gives the same record.

    Attributes:
        model: SHA-256 of the SavedModel's files: its name in the registry.
        card: Of the model, see `ModelCard`.
        verdict: Of the gate: `passed` and `rules`, see `verdict.Verdict`.
        metrics: Per slice: `cases`, `metrics` and `classes` with their intervals.
        check: Of `ModelChecker`; None if there was none.
        lineage: Where it comes from, see `Lineage`; `code_digest` is of the source files that
            judged it.
        encoder: Card of the encoder it started from, with all its ancestors; None = random start.
        judged_against: Digest of the champion at that time; blank if there was none.
        sign_off_roles: Roles in which somebody must agree.
    """

    model: str
    card: Mapping[str, Any]
    verdict: Mapping[str, Any]
    metrics: Mapping[str, Any]
    check: Mapping[str, Any] | None
    lineage: Mapping[str, Any]
    encoder: Mapping[str, Any] | None
    judged_against: str
    sign_off_roles: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether the gate let it pass."""
        return bool(self.verdict["passed"])

    def to_json(self) -> str:
        """Returns the record as text; the same record gives the same text."""
        return json.dumps(asdict(self), indent=1, sort_keys=True, allow_nan=False) + "\n"


def record_from_json(text: str) -> CandidateRecord:
    """Reads what `CandidateRecord.to_json` wrote."""
    values = json.loads(text)
    return CandidateRecord(**{**values, "sign_off_roles": tuple(values["sign_off_roles"])})


def text_digest(text: str) -> str:
    """Returns SHA-256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()
