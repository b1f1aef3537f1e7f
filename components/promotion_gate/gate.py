"""Judges an evaluation by the rules; a pure function of what it is given."""

from dataclasses import dataclass

from components.case_example_gen.ingestion_report import IngestionReport
from components.leakage_check.leakage_report import LeakageReport
from components.model_checker.model_check import ModelCheck
from components.promotion_gate.comparison_rules import judge_comparison, judge_shift_gap
from components.promotion_gate.data_rules import judge_data
from components.promotion_gate.drift_rules import judge_drift
from components.promotion_gate.measurements import measure, select_slices
from components.promotion_gate.model_rules import judge_model
from components.promotion_gate.opponent import (
    NO_BASELINE,
    NO_CHAMPION,
    Opponent,
    comparable,
)
from components.promotion_gate.question import Question
from components.promotion_gate.rules import CalibrationRule, GateRules, MinimumRule
from components.promotion_gate.sample_rules import judge_sample_size
from components.promotion_gate.verdict import RuleResult, Verdict, rule_result
from components.site_drift.drift import SiteDrift
from components.site_evaluator.results import Evaluation
from components.site_evaluator.sufficiency import SampleLimits
from components.statement import Statement, metric_statement


@dataclass(frozen=True)
class Evidence:
    """What the gate looks at.

    Attributes:
        evaluation: Of the model that may be promoted.
        ingestion: What became of every image of the input.
        baseline: Model trained beside it, on the same cases with the same bootstrap seed.
        champion: Model that is promoted now, on the same cases with the same bootstrap seed.
        anomaly_count: Features that deviate from the data schema; None if not looked for.
        leakage: Near-duplicates across splits; None if not looked for.
        drift: How far each site is from what training saw; None if not measured.
        check: Of the model as it would be served; None if there was none.
    """

    evaluation: Evaluation
    ingestion: IngestionReport
    baseline: Opponent = NO_BASELINE
    champion: Opponent = NO_CHAMPION
    anomaly_count: int | None = None
    leakage: LeakageReport | None = None
    drift: tuple[SiteDrift, ...] | None = None
    check: ModelCheck | None = None


def judge(evidence: Evidence, rules: GateRules, limits: SampleLimits) -> Verdict:
    """Returns the verdict on a model.

    What a rule asks and nothing could answer (every slice too sparse, no baseline, no held-out
    site) fails or passes as `rules.if_not_judged` says. A gate without any rule on evaluation or
    data fails: nothing would vouch for the model.

    Args:
        evidence: What there is to be judged.
        rules: What it must meet.
        limits: The fewest cases from which a metric is estimated; those of the report.
    """
    evaluation = evidence.evaluation
    opponents = {
        "champion": comparable(evaluation, evidence.champion, "champion"),
        "baseline": comparable(evaluation, evidence.baseline, "baseline"),
    }
    results: list[RuleResult] = []
    for minimum in rules.minimum:
        results += _judge_minimum(minimum, evaluation, limits, rules)
    if rules.max_shift_gap is not None:
        results += judge_shift_gap(
            rules.max_shift_gap, evaluation, evidence.ingestion, limits, rules
        )
    for comparison in rules.comparisons:
        other = opponents[comparison.against]
        results += judge_comparison(comparison, evaluation, other, limits, rules)
    if rules.max_calibration_error is not None:
        results += _judge_calibration(rules.max_calibration_error, evaluation, limits, rules)
    for sample_size in rules.sample_size:
        results += judge_sample_size(sample_size, evaluation)
    results += judge_data(rules, evidence.ingestion, evidence.anomaly_count, evidence.leakage)
    if rules.max_drift is not None:
        results += judge_drift(rules.max_drift, evidence.drift, limits, rules)
    return Verdict(
        rules=(*(results or [_NO_RULE]), *judge_model(rules, evidence.check)),
        sign_off_roles=rules.sign_off.roles if rules.sign_off else (),
    )


_NO_RULE = rule_result(
    "no rule",
    Statement("gate.where.overall"),
    Statement("gate.no_rule"),
    bound=0.0,
    passed=False,
)


def _judge_minimum(
    rule: MinimumRule, evaluation: Evaluation, limits: SampleLimits, rules: GateRules
) -> list[RuleResult]:
    question = Question(
        rule=f"minimum {rule.metric}",
        requirement=Statement(
            f"gate.asked.minimum_{rule.use}",
            {"metric": metric_statement(rule.metric), "bound": rule.bound},
        ),
        bound=rule.bound,
        end=rule.use,
        sense="at least",
    )
    found = [
        measure(evaluation, where, key, rule.metric, limits)
        for where, key in select_slices(evaluation, rule.slice)
    ]
    return question.answer(rule.slice, found, rules)


def _judge_calibration(
    rule: CalibrationRule, evaluation: Evaluation, limits: SampleLimits, rules: GateRules
) -> list[RuleResult]:
    question = Question(
        rule="max_calibration_error",
        requirement=Statement("gate.asked.calibration_error", {"bound": rule.bound}),
        bound=rule.bound,
        # The value: chance makes it larger than the true error already.
        end="value",
        sense="at most",
    )
    found = [
        measure(evaluation, where, key, "ece", limits)
        for where, key in select_slices(evaluation, rule.slice)
    ]
    return question.answer(rule.slice, found, rules)
