"""Rules about how many cases an evaluation rests on."""

from components.promotion_gate.measurements import select_slices
from components.promotion_gate.rules import WORST_SITE, SampleSizeRule
from components.promotion_gate.verdict import RuleResult, rule_result
from components.site_evaluator.results import Evaluation, SliceMetrics
from components.statement import Statement


def judge_sample_size(rule: SampleSizeRule, evaluation: Evaluation) -> list[RuleResult]:
    """Judges how many cases a slice has; a slice that is not there has none."""
    kind, _, class_name = rule.count.partition(":")
    requirement = Statement(f"gate.asked.{kind}", {"bound": rule.bound, "class": class_name})
    found = [
        (where, _count(evaluation.slices.get(key), kind, class_name))
        for where, key in select_slices(evaluation, rule.slice)
    ]
    if not found:
        found = [(Statement(f"gate.where.{rule.slice}"), 0)]
    if rule.slice == WORST_SITE:
        found = [min(found, key=lambda one: one[1])]
    return [
        rule_result(
            f"sample_size {rule.count}",
            where,
            Statement(
                "gate.reason",
                {
                    "requirement": requirement,
                    "found": Statement("gate.found.count", {"where": where, "count": count}),
                },
            ),
            bound=rule.bound,
            passed=count >= rule.bound,
            measured=count,
        )
        for where, count in found
    ]


def _count(metrics: SliceMetrics | None, kind: str, class_name: str) -> int:
    if metrics is None:
        return 0
    if not class_name:
        return int(getattr(metrics, kind))
    counts = metrics.classes.get(class_name)
    return 0 if counts is None else int(getattr(counts, kind))
