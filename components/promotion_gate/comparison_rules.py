"""Rules that compare: sites not seen in training with those seen, a model with another one."""

from components.absent_model import AbsentModel
from components.case_example_gen.ingestion_report import IngestionReport
from components.promotion_gate.measurements import (
    NO_METRIC,
    measure,
    narrowed_mean,
    obstacle_of,
    select_slices,
)
from components.promotion_gate.opponent import Opponent, absence
from components.promotion_gate.question import Measurement, Question
from components.promotion_gate.rules import (
    IN_DISTRIBUTION_SLICE,
    WORST_SITE,
    ComparisonRule,
    GateRules,
    ShiftGapRule,
)
from components.promotion_gate.verdict import RuleResult
from components.site_evaluator.intervals import paired_difference
from components.site_evaluator.results import Evaluation, Slice, site_slice
from components.site_evaluator.same_scores import same_scores
from components.site_evaluator.shift import shift_loss
from components.site_evaluator.sufficiency import MEANS, SampleLimits
from components.statement import Statement, metric_statement
from schemas.case_features import SHIFTED


def judge_shift_gap(
    rule: ShiftGapRule,
    evaluation: Evaluation,
    ingestion: IngestionReport,
    limits: SampleLimits,
    rules: GateRules,
) -> list[RuleResult]:
    """Judges how far the worst held-out site falls behind the sites seen in training.

    Held-out sites too sparse to be judged are left out.
    """
    question = Question(
        rule=f"max_shift_gap {rule.metric}",
        requirement=Statement(
            f"gate.asked.shift_gap_{rule.use}",
            {"metric": metric_statement(rule.metric), "bound": rule.bound},
        ),
        bound=rule.bound,
        end=rule.use,
        sense="at most",
    )
    sites = sorted({count.site for count in ingestion.counts if count.split == SHIFTED})
    if not sites:
        where = Statement("gate.where.shifted")
        return [question.unjudged(where, Statement("gate.found.no_held_out_site"), rules)]
    gaps = [_shift_gap(rule.metric, evaluation, site, limits) for site in sites]
    return question.answer(WORST_SITE, gaps, rules)


def _shift_gap(metric: str, evaluation: Evaluation, site: str, limits: SampleLimits) -> Measurement:
    where = Statement("gate.where.site_against_training", {"site": site})
    [(reference_where, reference)] = select_slices(evaluation, IN_DISTRIBUTION_SLICE)
    inside, outside = (evaluation.slices.get(key) for key in (reference, site_slice(site)))
    cases = 0 if outside is None else outside.cases
    if inside is None or outside is None:
        return Measurement(where, cases, None, Statement("gate.obstacle.no_case_on_one_side"))
    shift = shift_loss(inside, outside, metric, limits)
    if shift is None:
        return Measurement(where, cases, None, NO_METRIC)
    if obstacle := obstacle_of(shift.inside, metric, limits):
        of_reference = {"where": reference_where, "obstacle": obstacle}
        return Measurement(where, cases, None, Statement("gate.obstacle.elsewhere", of_reference))
    return Measurement(
        where,
        cases,
        shift.loss,
        obstacle_of(shift.outside, metric, limits),
        averaged=shift.classes
        if metric in MEANS and len(shift.classes) < len(outside.classes)
        else narrowed_mean(outside, metric, limits),
    )


def judge_comparison(
    rule: ComparisonRule,
    evaluation: Evaluation,
    other: Opponent,
    limits: SampleLimits,
    rules: GateRules,
) -> list[RuleResult]:
    """Judges the paired difference to another model, case by case on the same cases."""
    superior = rule.require == "superior"
    model = Statement(f"gate.model.{rule.against}")
    if not isinstance(other, AbsentModel):
        model = Statement(f"gate.model.{rule.against}_named", {"name": other.card.model_name})
    question = Question(
        rule=f"{'better_than' if superior else 'not_worse_than'}_{rule.against} {rule.metric}",
        requirement=Statement(
            f"gate.asked.{rule.require}",
            {"metric": metric_statement(rule.metric), "model": model, "margin": rule.margin},
        ),
        bound=rule.margin if superior else -rule.margin,
        end="lower",
        sense="above",
    )
    slices = select_slices(evaluation, rule.slice)
    if isinstance(other, AbsentModel):
        where = slices[0][0] if len(slices) == 1 else Statement(f"gate.where.{rule.slice}")
        reason = Statement("gate.found.absent", {"reason": absence(other)})
        if other.nothing_to_ask:
            return [question.decided(where, True, reason)]
        return [question.unjudged(where, reason, rules)]
    found = [
        _difference(rule.metric, evaluation, other, where, key, limits) for where, key in slices
    ]
    return question.answer(rule.slice, found, rules)


def _difference(
    metric: str,
    evaluation: Evaluation,
    other: Evaluation,
    where: Statement,
    key: Slice,
    limits: SampleLimits,
) -> Measurement:
    ours, theirs = (measure(model, where, key, metric, limits) for model in (evaluation, other))
    if ours.cases != theirs.cases:
        return Measurement(where, ours.cases, None, Statement("gate.obstacle.other_cases"))
    if ours.estimate is None or theirs.estimate is None:
        return Measurement(where, ours.cases, None, ours.obstacle or theirs.obstacle)
    difference = paired_difference(
        ours.estimate, theirs.estimate, same_scores(evaluation, other, key, metric)
    )
    return Measurement(where, ours.cases, difference, averaged=ours.averaged)
