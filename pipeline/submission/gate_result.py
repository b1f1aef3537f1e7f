"""The gate's verdict on a run, as far as Kubeflow tells it."""

from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.submission.lineage import ArtifactRecord, StepRecord

GATE = "promotion-gate"


@dataclass(frozen=True)
class GateResult:
    """What the gate decided.

    Attributes:
        passed: Whether the model met every rule.
        verdict_uri: Directory of `verdict.json`, with every rule and its reason.
    """

    passed: bool
    verdict_uri: str | None

    def line(self) -> str:
        """Returns it for a person."""
        where = f" Every rule: {self.verdict_uri}/verdict.json" if self.verdict_uri else ""
        if self.passed:
            return f"passed.{where}"
        return f"refused; the model is not promoted.{where}"


def gate_result(records: Iterable[StepRecord]) -> GateResult | None:
    """Returns what the gate decided; None where it has not."""
    written: dict[str, ArtifactRecord] = {
        artifact.name: artifact
        for record in records
        if record.step == GATE
        for artifact in record.outputs
    }
    blessing = written.get("blessing")
    if blessing is None or "blessed" not in blessing.properties:
        return None
    verdict = written.get("verdict")
    return GateResult(
        passed=blessing.properties["blessed"] == 1,
        verdict_uri=verdict.uri if verdict else None,
    )
