"""Rules that compare: sites not seen in training with those seen, a model with another one."""

from components.absent_model import AbsentModel
from components.case_example_gen.ingestion_report import IngestionReport
from components.promotion_gate.measurements import (
    measure,
    metric_title,
    obstacle_of,
    select_slices,
    site_slice,
)
from components.promotion_gate.opponent import Opponent
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
from components.site_evaluator.results import Evaluation, Slice
from components.site_evaluator.shift import shift_loss
from components.site_evaluator.sufficiency import SampleLimits
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
    how = ", by the upper end of its 95% interval" if rule.use == "upper" else ""
    question = Question(
        rule=f"max_shift_gap {rule.metric}",
        requirement=(
            f"{metric_title(rule.metric)} at a held-out site at most {rule.bound:.3f} below that "
            f"of the sites seen in training{how}"
        ),
        bound=rule.bound,
        end=rule.use,
        sense="at most",
    )
    sites = sorted({count.site for count in ingestion.counts if count.split == SHIFTED})
    if not sites:
        return [question.unjudged("held-out sites", "There is no held-out site", rules)]
    gaps = [_shift_gap(rule.metric, evaluation, site, limits) for site in sites]
    return question.answer(WORST_SITE, gaps, rules)


def _shift_gap(metric: str, evaluation: Evaluation, site: str, limits: SampleLimits) -> Measurement:
    title = f"site {site} against the sites seen in training"
    [(reference_title, reference)] = select_slices(evaluation, IN_DISTRIBUTION_SLICE).items()
    inside, outside = (evaluation.slices.get(key) for key in (reference, site_slice(site)))
    cases = 0 if outside is None else outside.cases
    if inside is None or outside is None:
        return Measurement(title, cases, None, "no labelled case on one side")
    shift = shift_loss(inside, outside, metric)
    if shift is None:
        return Measurement(title, cases, None, "the evaluation does not have this metric")
    if obstacle := obstacle_of(shift.inside, metric, limits):
        return Measurement(title, cases, None, f"{reference_title}: {obstacle}")
    return Measurement(title, cases, shift.loss, obstacle_of(shift.outside, metric, limits))


def judge_comparison(
    rule: ComparisonRule,
    evaluation: Evaluation,
    other: Opponent,
    limits: SampleLimits,
    rules: GateRules,
) -> list[RuleResult]:
    """Judges the paired difference to another model, case by case on the same cases."""
    superior = rule.require == "superior"
    name = f"the {rule.against}"
    if not isinstance(other, AbsentModel):
        name = f"{name} {other.card.model_name}"
    asked = (
        f"above that of {name} by more than" if superior else f"below that of {name} by less than"
    )
    question = Question(
        rule=f"{'better_than' if superior else 'not_worse_than'}_{rule.against} {rule.metric}",
        requirement=(
            f"{metric_title(rule.metric)} {asked.format(name)} {rule.margin:.3f}, "
            "by the lower end of the 95% interval of the difference on the same patients"
        ),
        bound=rule.margin if superior else -rule.margin,
        end="lower",
        sense="above",
    )
    slices = select_slices(evaluation, rule.slice)
    if isinstance(other, AbsentModel):
        title = next(iter(slices), rule.slice) if len(slices) == 1 else rule.slice.replace("_", " ")
        if other.nothing_to_ask:
            return [question.decided(title, True, f"{other.reason}.")]
        return [question.unjudged(title, other.reason, rules)]
    found = [
        _difference(rule.metric, evaluation, other, title, key, limits)
        for title, key in slices.items()
    ]
    return question.answer(rule.slice, found, rules)


def _difference(
    metric: str,
    evaluation: Evaluation,
    other: Evaluation,
    title: str,
    key: Slice,
    limits: SampleLimits,
) -> Measurement:
    ours, theirs = (measure(model, title, key, metric, limits) for model in (evaluation, other))
    if ours.cases != theirs.cases:
        return Measurement(title, ours.cases, None, "the two were not evaluated on the same cases")
    if ours.estimate is None or theirs.estimate is None:
        return Measurement(title, ours.cases, None, ours.obstacle or theirs.obstacle)
    return Measurement(title, ours.cases, paired_difference(ours.estimate, theirs.estimate))
