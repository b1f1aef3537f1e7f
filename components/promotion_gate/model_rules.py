"""Rules about the model as it would be served."""

from collections.abc import Iterator

from components.model_checker.model_check import ModelCheck
from components.promotion_gate.data_rules import at_most
from components.promotion_gate.rules import GateRules
from components.promotion_gate.verdict import RuleResult
from components.statement import Statement

_OWN_PROCESS = Statement("gate.where.own_process")


def judge_model(rules: GateRules, check: ModelCheck | None) -> Iterator[RuleResult]:
    """Yields whether a model can be served as it was evaluated.

    That it loads and agrees with the scores that were evaluated is always asked of a model that was
    checked; what is asked of one that was not checked fails.

    Args:
        rules: The rules.
        check: What was found; None if the model was not checked.
    """
    if check is not None:
        bound = rules.max_score_difference
        yield at_most(
            bound,
            check.score_difference,
            rule="max_score_difference",
            where=_OWN_PROCESS,
            asked="agreement",
            found=_agreement(check.score_difference, check.problem, check.cases),
        )
        if check.serving_problem or check.serving_difference is not None:
            yield at_most(
                bound,
                check.serving_difference,
                rule="max_served_score_difference",
                where=Statement("gate.where.serving"),
                asked="served_agreement",
                found=_agreement(check.serving_difference, check.serving_problem, check.cases),
            )
    if rules.max_latency_ms is not None:
        measured = None if check is None else check.latency_ms
        yield _judge_bound("max_latency_ms", "latency", rules.max_latency_ms, measured)
    if rules.max_size_mb is not None:
        measured = None if check is None else check.size_mb
        yield _judge_bound("max_size_mb", "size", rules.max_size_mb, measured)


def _agreement(difference: float | None, problem: str, cases: int) -> Statement:
    if difference is None:
        return Statement("gate.found.not_scored", {"problem": problem})
    return Statement("gate.found.score_difference", {"difference": difference, "cases": cases})


def _judge_bound(rule: str, asked: str, bound: float, measured: float | None) -> RuleResult:
    found = Statement("gate.found.not_measured")
    if measured is not None:
        found = Statement(f"gate.found.{asked}", {"measured": measured})
    return at_most(bound, measured, rule=rule, where=_OWN_PROCESS, asked=asked, found=found)
