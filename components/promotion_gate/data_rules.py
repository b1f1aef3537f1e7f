"""Rules about the data that the model was made and evaluated with."""

from collections.abc import Iterator

from components.case_example_gen.ingestion_report import IngestionReport
from components.leakage_check.leakage_report import LeakageReport, remaining_leaks
from components.promotion_gate.rules import GateRules
from components.promotion_gate.verdict import RuleResult


def judge_data(
    rules: GateRules,
    ingestion: IngestionReport,
    anomaly_count: int | None,
    leakage: LeakageReport | None,
) -> Iterator[RuleResult]:
    """Yields the results of the data rules that are asked.

    Args:
        rules: The rules.
        ingestion: What became of every image.
        anomaly_count: Features that deviate from the schema; None if they were not looked for.
        leakage: Near-duplicates across splits; None if they were not looked for.
    """
    if rules.max_quarantined_fraction is not None:
        yield _judge_quarantine(rules.max_quarantined_fraction, ingestion)
    if rules.max_schema_anomalies is not None:
        yield _judge_anomalies(rules.max_schema_anomalies, anomaly_count)
    if rules.max_leaked_cases is not None:
        yield _judge_leakage(rules.max_leaked_cases, leakage)


def _judge_quarantine(bound: float, ingestion: IngestionReport) -> RuleResult:
    measured = ingestion.bad_fraction
    left_out = f"{ingestion.quarantined_images} of {ingestion.received_images}"
    return _at_most(
        bound,
        measured,
        rule="max_quarantined_fraction",
        where="all images",
        reason=(
            f"Required: at most {bound:.1%} of the images left out as unusable. "
            f"Measured: {left_out} ({measured:.1%})."
        ),
    )


def _judge_anomalies(bound: int, anomaly_count: int | None) -> RuleResult:
    measured = "not checked" if anomaly_count is None else f"{anomaly_count}"
    return _at_most(
        bound,
        anomaly_count,
        rule="max_schema_anomalies",
        where="all splits",
        reason=(
            f"Required: at most {bound} data fields that deviate from what was agreed. "
            f"Measured: {measured}."
        ),
    )


def _judge_leakage(bound: int, leakage: LeakageReport | None) -> RuleResult:
    measured = None if leakage is None else remaining_leaks(leakage)
    found = "not checked" if leakage is None else f"{measured}"
    if leakage is not None and leakage.removed:
        found += f" ({leakage.leaked_cases} before the images seen in training were left out)"
    return _at_most(
        bound,
        measured,
        rule="max_leaked_cases",
        where="validation, test and held-out cases",
        reason=(
            f"Required: at most {bound} cases of which training has seen nearly the same image. "
            f"Measured: {found}."
        ),
    )


def _at_most(
    bound: float, measured: float | None, *, rule: str, where: str, reason: str
) -> RuleResult:
    """Holds a count or share, which has no interval, against its bound; None was not measured."""
    return RuleResult(
        rule=rule,
        slice=where,
        measured=measured,
        lower=None,
        upper=None,
        bound=bound,
        passed=measured is not None and measured <= bound,
        reason=reason,
    )
