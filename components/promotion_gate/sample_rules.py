"""Rules about how many cases an evaluation rests on."""

from components.promotion_gate.measurements import select_slices
from components.promotion_gate.rules import WORST_SITE, SampleSizeRule
from components.promotion_gate.verdict import RuleResult
from components.site_evaluator.results import Evaluation, SliceMetrics

_WORDS = {"positives": "cases with", "negatives": "cases without"}


def judge_sample_size(rule: SampleSizeRule, evaluation: Evaluation) -> list[RuleResult]:
    """Judges how many cases a slice has; a slice that is not there has none."""
    kind, _, class_name = rule.count.partition(":")
    what = f"{_WORDS[kind]} {class_name}" if class_name else "labelled cases"
    found = {
        title: _count(evaluation.slices.get(key), kind, class_name)
        for title, key in select_slices(evaluation, rule.slice).items()
    }
    if not found:
        found = {rule.slice.replace("_", " "): 0}
    if rule.slice == WORST_SITE:
        fewest = min(found, key=lambda title: found[title])
        found = {fewest: found[fewest]}
    return [
        RuleResult(
            rule=f"sample_size {rule.count}",
            slice=title,
            measured=count,
            lower=None,
            upper=None,
            bound=rule.bound,
            passed=count >= rule.bound,
            reason=f"Required: at least {rule.bound} {what}. On {title}: {count}.",
        )
        for title, count in found.items()
    ]


def _count(metrics: SliceMetrics | None, kind: str, class_name: str) -> int:
    if metrics is None:
        return 0
    if not class_name:
        return metrics.cases
    counts = metrics.classes.get(class_name)
    return 0 if counts is None else int(getattr(counts, kind))
