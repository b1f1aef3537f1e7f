"""One rule asked of one slice, and its answer in a sentence."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from components.promotion_gate.verdict import RuleResult
from components.site_evaluator.results import Estimate, SliceMetrics


@dataclass(frozen=True)
class Question:
    """What a rule asks.

    Attributes:
        rule: Name of the rule, with its metric.
        requirement: For a person: `mean AUC of at least 0.800`.
        bound: What is required.
        judged: The number of an estimate that is held against the bound.
        holds: Whether that number meets the bound.
        minimum_cases: A slice with fewer cases is too sparse to be judged.
    """

    rule: str
    requirement: str
    bound: float
    judged: Callable[[Estimate], float]
    holds: Callable[[float], bool]
    minimum_cases: int

    def why_not_judged(self, metrics: SliceMetrics | None, measured: Estimate | None) -> str | None:
        """Returns why the question cannot be answered on a slice, or None if it can."""
        if metrics is None or metrics.cases == 0:
            return "no labelled case"
        if metrics.cases < self.minimum_cases:
            return (
                f"too few to estimate ({metrics.cases} cases, at least {self.minimum_cases} needed)"
            )
        if measured is None:
            return "the evaluation does not have this metric"
        if math.isnan(self.judged(measured)):
            return f"not defined on its {metrics.cases} cases"
        return None

    def answer(
        self, title: str, metrics: SliceMetrics | None, measured: Estimate | None
    ) -> RuleResult:
        """Judges a slice; one that cannot be judged passes, with its reason."""
        obstacle = self.why_not_judged(metrics, measured)
        if obstacle is not None or metrics is None or measured is None:
            return self._result(title, None, True, f"On {title}: {obstacle}.")
        passed = self.holds(self.judged(measured))
        found = f"On {title} ({metrics.cases} cases): {with_interval(measured)}."
        return self._result(title, measured, passed, found)

    def fail(self, title: str, reason: str) -> RuleResult:
        """Returns a failure for a reason other than a measurement."""
        return self._result(title, None, False, reason)

    def require_one(self, title: str, results: Sequence[RuleResult]) -> list[RuleResult]:
        """Returns the results of all slices, failed if not one of them could be judged."""
        if not results:
            return [self.fail(title, "There is no such slice.")]
        if any(result.measured is not None for result in results):
            return list(results)
        return [replace(result, passed=False) for result in results]

    def _result(
        self, title: str, measured: Estimate | None, passed: bool, found: str
    ) -> RuleResult:
        return RuleResult(
            rule=self.rule,
            slice=title,
            measured=measured.value if measured else None,
            lower=_or_none(measured.lower) if measured else None,
            upper=_or_none(measured.upper) if measured else None,
            bound=self.bound,
            passed=passed,
            reason=f"Required: {self.requirement}. {found}",
        )


def with_interval(measured: Estimate) -> str:
    """Returns a value with its interval for a person."""
    if math.isnan(measured.lower):
        return f"{measured.value:.3f} (no interval)"
    return f"{measured.value:.3f} (95% interval {measured.lower:.3f} to {measured.upper:.3f})"


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value
