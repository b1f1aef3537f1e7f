"""Rules that compare: sites not seen in training with those seen, a model with another one."""

from components.case_example_gen.ingestion_report import IngestionReport
from components.promotion_gate.measurements import (
    measure,
    metric_title,
    select_slices,
    site_slice,
)
from components.promotion_gate.question import Question
from components.promotion_gate.rules import IN_DISTRIBUTION_SLICE, BaselineRule, ShiftGapRule
from components.promotion_gate.verdict import RuleResult
from components.site_evaluator.intervals import paired_difference
from components.site_evaluator.results import Estimate, Evaluation, Slice
from schemas.case_features import SHIFTED


def judge_shift_gap(
    rule: ShiftGapRule, evaluation: Evaluation, ingestion: IngestionReport, minimum_cases: int
) -> RuleResult:
    """Judges how far the worst held-out site falls behind the sites seen in training.

    Held-out sites too sparse to be judged are left out; without any other, the rule fails.
    """
    by_interval = rule.use == "upper"
    how = ", by the upper end of its 95% interval" if by_interval else ""
    question = Question(
        rule=f"max_shift_gap {rule.metric}",
        requirement=(
            f"{metric_title(rule.metric)} at a held-out site at most {rule.bound:.3f} below that "
            f"of the sites seen in training{how}"
        ),
        bound=rule.bound,
        judged=lambda estimate: estimate.upper if by_interval else estimate.value,
        holds=lambda judged: judged <= rule.bound,
        minimum_cases=minimum_cases,
    )
    [(reference_title, reference)] = select_slices(evaluation, IN_DISTRIBUTION_SLICE).items()
    obstacle = question.why_not_judged(
        evaluation.slices.get(reference), measure(evaluation, reference, rule.metric)
    )
    if obstacle is not None:
        return question.fail(reference_title, f"On {reference_title}: {obstacle}.")
    gaps = {
        site: gap
        for site in _held_out_sites(ingestion)
        if (gap := _shift_gap(question, evaluation, reference, site, rule.metric)) is not None
    }
    if not gaps:
        return question.fail("held-out sites", "No held-out site has enough cases.")
    worst = max(gaps, key=lambda site: question.judged(gaps[site]))
    return question.answer(
        f"site {worst} against the sites seen in training",
        evaluation.slices[site_slice(worst)],
        gaps[worst],
    )


def judge_baseline(
    rule: BaselineRule, evaluation: Evaluation, baseline: Evaluation | None, minimum_cases: int
) -> list[RuleResult]:
    """Judges the paired difference to the baseline; without a comparable one, the rule fails."""
    name = "the baseline" if baseline is None else baseline.card.model_name
    question = Question(
        rule=f"beats_baseline {rule.metric}",
        requirement=(
            f"{metric_title(rule.metric)} above that of {name} by more than {rule.margin:.3f}, "
            "by the lower end of the 95% interval of the difference on the same patients"
        ),
        bound=rule.margin,
        judged=lambda estimate: estimate.lower,
        holds=lambda judged: judged > rule.margin,
        minimum_cases=minimum_cases,
    )
    if baseline is None:
        return [question.fail(rule.slice, "No baseline was evaluated.")]
    results = []
    for title, key in select_slices(evaluation, rule.slice).items():
        if _case_count(evaluation, key) != _case_count(baseline, key):
            reason = f"On {title}: the two were not evaluated on the same cases."
            results.append(question.fail(title, reason))
            continue
        difference = _difference(
            measure(evaluation, key, rule.metric), measure(baseline, key, rule.metric)
        )
        results.append(question.answer(title, evaluation.slices.get(key), difference))
    return question.require_one(rule.slice, results)


def _held_out_sites(ingestion: IngestionReport) -> list[str]:
    return sorted({count.site for count in ingestion.counts if count.split == SHIFTED})


def _shift_gap(
    question: Question, evaluation: Evaluation, reference: Slice, site: str, metric: str
) -> Estimate | None:
    key = site_slice(site)
    gap = _difference(measure(evaluation, reference, metric), measure(evaluation, key, metric))
    obstacle = question.why_not_judged(evaluation.slices.get(key), gap)
    return None if obstacle else gap


def _difference(a: Estimate | None, b: Estimate | None) -> Estimate | None:
    return None if a is None or b is None else paired_difference(a, b)


def _case_count(evaluation: Evaluation, key: Slice) -> int:
    metrics = evaluation.slices.get(key)
    return 0 if metrics is None else metrics.cases
