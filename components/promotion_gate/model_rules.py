"""Rules about the model as it would be served."""

from collections.abc import Iterator

from components.model_checker.model_check import ModelCheck
from components.promotion_gate.rules import GateRules
from components.promotion_gate.verdict import RuleResult

_WHERE = "a process of its own"
_SERVING = "TensorFlow Serving"


def judge_model(rules: GateRules, check: ModelCheck | None) -> Iterator[RuleResult]:
    """Yields whether a model can be served as it was evaluated.

    That it loads and agrees with the scores that were evaluated is always asked of a model that was
    checked; what is asked of one that was not checked fails.

    Args:
        rules: The rules.
        check: What was found; None if the model was not checked.
    """
    if check is not None:
        yield _judge_agreement(
            rules, "max_score_difference", _WHERE, check, check.problem, check.score_difference
        )
        if check.serving_problem or check.serving_difference is not None:
            difference, problem = check.serving_difference, check.serving_problem
            yield _judge_agreement(
                rules, "max_served_score_difference", _SERVING, check, problem, difference
            )
    if rules.max_latency_ms is not None:
        measured = None if check is None else check.latency_ms
        asked = f"one case scored in at most {rules.max_latency_ms:g} ms (median, after warm-up)"
        yield _judge_bound("max_latency_ms", asked, "ms", rules.max_latency_ms, measured)
    if rules.max_size_mb is not None:
        measured = None if check is None else check.size_mb
        asked = f"a model of at most {rules.max_size_mb:g} MB"
        yield _judge_bound("max_size_mb", asked, "MB", rules.max_size_mb, measured)


def _judge_agreement(
    rules: GateRules,
    rule: str,
    where: str,
    check: ModelCheck,
    problem: str,
    difference: float | None,
) -> RuleResult:
    bound = rules.max_score_difference
    if difference is None:
        found = f"it could not be scored: {problem}."
    else:
        found = f"{difference:.1e} on {check.cases} test cases."
    return RuleResult(
        rule=rule,
        slice=where,
        measured=difference,
        lower=None,
        upper=None,
        bound=bound,
        passed=difference is not None and difference <= bound,
        reason=(
            f"Required: the model loads in {where} and gives the scores that were evaluated, to "
            f"{bound:.1e}. Measured: {found}"
        ),
    )


def _judge_bound(
    rule: str, asked: str, unit: str, bound: float, measured: float | None
) -> RuleResult:
    found = "not measured" if measured is None else f"{measured:.1f} {unit}"
    return RuleResult(
        rule=rule,
        slice=_WHERE,
        measured=measured,
        lower=None,
        upper=None,
        bound=bound,
        passed=measured is not None and measured <= bound,
        reason=f"Required: {asked}. Measured: {found}.",
    )
