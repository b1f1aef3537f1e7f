"""Rules about the data that the model was made and evaluated with."""

from collections.abc import Iterator

from components.case_example_gen.ingestion_report import IngestionReport
from components.leakage_check.leakage_report import LeakageReport, remaining_leaks
from components.promotion_gate.rules import GateRules
from components.promotion_gate.verdict import RuleResult, rule_result
from components.statement import Statement


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
    found = {
        "left_out": ingestion.bad_images,
        "received": ingestion.received_images,
        "share": ingestion.bad_fraction,
    }
    return at_most(
        bound,
        ingestion.bad_fraction,
        rule="max_quarantined_fraction",
        where=Statement("gate.where.images"),
        asked="quarantined",
        found=Statement("gate.found.quarantined", found),
    )


def _judge_anomalies(bound: int, anomaly_count: int | None) -> RuleResult:
    return at_most(
        bound,
        anomaly_count,
        rule="max_schema_anomalies",
        where=Statement("gate.where.splits"),
        asked="anomalies",
        found=_counted(anomaly_count),
    )


def _judge_leakage(bound: int, leakage: LeakageReport | None) -> RuleResult:
    measured = None if leakage is None else remaining_leaks(leakage)
    found = _counted(measured)
    if leakage is not None and measured is not None and leakage.removed:
        removed = {"count": measured, "before": leakage.leaked_cases}
        found = Statement("gate.found.after_removal", removed)
    if leakage is not None and measured is not None and leakage.not_compared:
        found = Statement(
            "gate.found.partly_compared", {"found": found, "images": leakage.not_compared}
        )
    return at_most(
        bound,
        measured,
        rule="max_leaked_cases",
        where=Statement("gate.where.judging_cases"),
        asked="leaked",
        found=found,
    )


def _counted(count: int | None) -> Statement:
    if count is None:
        return Statement("gate.found.not_checked")
    return Statement("gate.found.counted", {"count": count})


def at_most(
    bound: float,
    measured: float | None,
    *,
    rule: str,
    where: Statement,
    asked: str,
    found: Statement,
) -> RuleResult:
    """Holds a number, which has no interval, against its bound; None was not measured.

    Args:
        bound: What is required.
        measured: The number.
        rule: Name of the rule.
        where: What was looked at.
        asked: Of the catalogue's `gate.asked`, filled by `bound`.
        found: The number in words.
    """
    requirement = Statement(f"gate.asked.{asked}", {"bound": bound})
    return rule_result(
        rule,
        where,
        Statement("gate.reason", {"requirement": requirement, "found": found}),
        bound=bound,
        passed=measured is not None and measured <= bound,
        measured=measured,
    )
