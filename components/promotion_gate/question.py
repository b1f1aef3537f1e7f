"""One rule asked of slices, and its answers in sentences."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from components.promotion_gate.rules import WORST_SITE, GateRules
from components.promotion_gate.verdict import RuleResult
from components.site_evaluator.results import Estimate


@dataclass(frozen=True)
class Measurement:
    """What was found on a slice.

    Attributes:
        title: The slice for a person: `site north`.
        cases: Of the slice.
        estimate: The metric or difference; None where it cannot be judged.
        obstacle: Why it cannot be judged; blank where it can.
    """

    title: str
    cases: int
    estimate: Estimate | None
    obstacle: str = ""


@dataclass(frozen=True)
class Question:
    """What a rule asks.

    Attributes:
        rule: Name of the rule, with its metric.
        requirement: For a person: `mean AUC of at least 0.800`.
        bound: What is required.
        end: The number of an estimate that is held against the bound.
        sense: How it must lie to the bound.
    """

    rule: str
    requirement: str
    bound: float
    end: Literal["lower", "value", "upper"]
    sense: Literal["at least", "at most", "above"]

    def slack(self, estimate: Estimate) -> float:
        """Returns how far the judged number lies on the right side of the bound."""
        judged = float(getattr(estimate, self.end))
        return self.bound - judged if self.sense == "at most" else judged - self.bound

    def holds(self, estimate: Estimate) -> bool:
        """Whether the judged number meets the bound."""
        slack = self.slack(estimate)
        return slack > 0 if self.sense == "above" else slack >= 0

    def answer(
        self, slice_name: str, measurements: Sequence[Measurement], rules: GateRules
    ) -> list[RuleResult]:
        """Judges slices; those that cannot be judged decide nothing beside one that can.

        Args:
            slice_name: As in `MinimumRule.slice`; of `worst_site` only the worst is kept.
            measurements: Of the slices that the rule names.
            rules: Say what becomes of a rule that could be judged nowhere.
        """
        if not measurements:
            return [self.unjudged(slice_name, "There is no such slice", rules)]
        judged = [found for found in measurements if self._why_not(found) is None]
        if judged and slice_name == WORST_SITE:
            # None is left out by what `judged` means.
            worst = min(judged, key=lambda found: self.slack(found.estimate))  # type: ignore[arg-type]
            return [self._result(worst)]
        results = [self._result(found) for found in measurements]
        if judged:
            return results
        return [
            self.unjudged(found.title, f"On {found.title}: {self._why_not(found)}", rules)
            for found in measurements
        ]

    def unjudged(self, title: str, why: str, rules: GateRules) -> RuleResult:
        """Returns what becomes of a rule that could be judged nowhere, as configured."""
        passes = rules.if_not_judged == "pass"
        does = "passes" if passes else "fails"
        consequence = f"Judged nowhere, so it {does} (gate.if_not_judged: {rules.if_not_judged})"
        return self.decided(title, passes, f"{why}. {consequence}.")

    def decided(self, title: str, passed: bool, why: str) -> RuleResult:
        """Returns a result for a reason other than a measurement."""
        return RuleResult(
            rule=self.rule,
            slice=title,
            measured=None,
            lower=None,
            upper=None,
            bound=self.bound,
            passed=passed,
            reason=f"Required: {self.requirement}. {why}",
        )

    def _result(self, found: Measurement) -> RuleResult:
        obstacle = self._why_not(found)
        if obstacle is not None or found.estimate is None:
            return self.decided(found.title, True, f"On {found.title}: {obstacle}.")
        estimate = found.estimate
        where = f"On {found.title} ({found.cases} cases): {with_interval(estimate)}."
        return replace(
            self.decided(found.title, self.holds(estimate), where),
            measured=estimate.value,
            lower=_or_none(estimate.lower),
            upper=_or_none(estimate.upper),
        )

    def _why_not(self, found: Measurement) -> str | None:
        if found.obstacle or found.estimate is None:
            return found.obstacle or "not measured"
        if math.isnan(found.estimate.value):
            return f"not defined on its {found.cases} cases"
        if math.isnan(getattr(found.estimate, self.end)):
            return f"no interval could be had from its {found.cases} cases"
        return None


def with_interval(measured: Estimate) -> str:
    """Returns a value with its interval for a person."""
    if math.isnan(measured.lower):
        return f"{measured.value:.3f} (no interval)"
    return f"{measured.value:.3f} (95% interval {measured.lower:.3f} to {measured.upper:.3f})"


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value
