"""Judges an evaluation by the rules; a pure function of what it is given."""

from components.case_example_gen.ingestion_report import IngestionReport
from components.promotion_gate.comparison_rules import judge_baseline, judge_shift_gap
from components.promotion_gate.data_rules import judge_data
from components.promotion_gate.measurements import measure, metric_title, select_slices
from components.promotion_gate.question import Question
from components.promotion_gate.rules import IN_DISTRIBUTION_SLICE, GateRules, MinimumRule
from components.promotion_gate.verdict import RuleResult, Verdict
from components.site_evaluator.results import Evaluation


def judge(
    evaluation: Evaluation,
    rules: GateRules,
    baseline: Evaluation | None,
    ingestion: IngestionReport,
    anomaly_count: int | None,
) -> Verdict:
    """Returns the verdict on a model.

    What a rule asks and nothing could answer (every slice too sparse, no baseline, no held-out
    site) fails; so does a gate without any rule: nothing would vouch for the model.

    Args:
        evaluation: Of the model that may be promoted.
        rules: What it must meet.
        baseline: Of the model to beat, on the same cases with the same bootstrap seed, if any.
        ingestion: What became of every image of the input.
        anomaly_count: Features that deviate from the data schema; None if not looked for.
    """
    results: list[RuleResult] = []
    for rule in rules.minimum:
        results += _judge_minimum(rule, evaluation, rules.minimum_cases)
    if rules.max_shift_gap is not None:
        results.append(
            judge_shift_gap(rules.max_shift_gap, evaluation, ingestion, rules.minimum_cases)
        )
    if rules.beats_baseline is not None:
        results += judge_baseline(rules.beats_baseline, evaluation, baseline, rules.minimum_cases)
    if rules.max_calibration_error is not None:
        results += _judge_calibration(rules.max_calibration_error, evaluation, rules.minimum_cases)
    results += judge_data(rules, ingestion, anomaly_count)
    return Verdict(tuple(results or [_NO_RULE]))


_NO_RULE = RuleResult(
    rule="no rule",
    slice="all cases",
    measured=None,
    lower=None,
    upper=None,
    bound=0.0,
    passed=False,
    reason="The gate has no rule, so nothing vouches for this model. Add rules to the gate.",
)


def _judge_minimum(
    rule: MinimumRule, evaluation: Evaluation, minimum_cases: int
) -> list[RuleResult]:
    by_interval = rule.use == "lower"
    how = ", by the lower end of its 95% interval" if by_interval else ""
    question = Question(
        rule=f"minimum {rule.metric}",
        requirement=f"{metric_title(rule.metric)} of at least {rule.bound:.3f}{how}",
        bound=rule.bound,
        judged=lambda estimate: estimate.lower if by_interval else estimate.value,
        holds=lambda judged: judged >= rule.bound,
        minimum_cases=minimum_cases,
    )
    return _answer_slices(question, evaluation, rule.slice, rule.metric)


def _judge_calibration(
    bound: float, evaluation: Evaluation, minimum_cases: int
) -> list[RuleResult]:
    question = Question(
        rule="max_calibration_error",
        requirement=f"predicted probabilities off by at most {bound:.3f} on average",
        bound=bound,
        # The value: calibration errors are biased upwards already, the more so in a resample.
        judged=lambda estimate: estimate.value,
        holds=lambda judged: judged <= bound,
        minimum_cases=minimum_cases,
    )
    return _answer_slices(question, evaluation, IN_DISTRIBUTION_SLICE, "ece")


def _answer_slices(
    question: Question, evaluation: Evaluation, slice_name: str, metric: str
) -> list[RuleResult]:
    results = [
        question.answer(title, evaluation.slices.get(key), measure(evaluation, key, metric))
        for title, key in select_slices(evaluation, slice_name).items()
    ]
    return question.require_one(slice_name, results)
