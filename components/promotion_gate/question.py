"""One rule asked of slices, and its answers in statements."""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from components.promotion_gate.rules import WORST_SITE, GateRules
from components.promotion_gate.verdict import RuleResult, rule_result
from components.site_evaluator.results import Estimate
from components.slice_report.sentences import DIGITS
from components.statement import Statement, Value

_MOST_DIGITS = 9


@dataclass(frozen=True)
class Measurement:
    """What was found on a slice.

    Attributes:
        where: The slice for a person: `site north`.
        cases: Of the slice.
        estimate: The metric or difference; None where it cannot be judged.
        obstacle: Why it cannot be judged; None where it can.
        averaged: The classes that a mean is over where it leaves some out; else empty.
    """

    where: Statement
    cases: int
    estimate: Estimate | None
    obstacle: Statement | None = None
    averaged: tuple[str, ...] = ()


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
    requirement: Statement
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
            where = Statement(f"gate.where.{slice_name}")
            return [self.unjudged(where, Statement("gate.found.no_slice"), rules)]
        judged = [found for found in measurements if self._why_not(found) is None]
        if judged and slice_name == WORST_SITE:
            # None is left out by what `judged` means.
            worst = min(judged, key=lambda found: self.slack(found.estimate))  # type: ignore[arg-type]
            others = [found.where for found in measurements if self._why_not(found) is not None]
            return [self._result(worst, tuple(others))]
        results = [self._result(found) for found in measurements]
        if judged:
            return results
        return [
            self.unjudged(found.where, self._unmeasured(found), rules) for found in measurements
        ]

    def unjudged(self, where: Statement, why: Statement, rules: GateRules) -> RuleResult:
        """Returns what becomes of a rule that could be judged nowhere, as configured."""
        passes = rules.if_not_judged == "pass"
        verdict = Statement(f"gate.found.judged_nowhere_{rules.if_not_judged}", {"why": why})
        return self.decided(where, passes, verdict)

    def decided(
        self,
        where: Statement,
        passed: bool,
        found: Statement,
        measured: Estimate | None = None,
    ) -> RuleResult:
        """Returns a result, without a number unless one was measured."""
        return rule_result(
            self.rule,
            where,
            Statement("gate.reason", {"requirement": self.requirement, "found": found}),
            bound=self.bound,
            passed=passed,
            measured=None if measured is None else measured.value,
            lower=None if measured is None else _or_none(measured.lower),
            upper=None if measured is None else _or_none(measured.upper),
        )

    def _result(self, found: Measurement, not_judged: tuple[Statement, ...] = ()) -> RuleResult:
        if self._why_not(found) is not None or found.estimate is None:
            return self.decided(found.where, True, self._unmeasured(found))
        estimate = found.estimate
        digits = _telling_digits(float(getattr(estimate, self.end)), self.bound)
        said: dict[str, Value] = {
            "digits": digits,
            "where": found.where,
            "cases": found.cases,
            "value": estimate.value,
        }
        key = "gate.found.measured_alone"
        if not math.isnan(estimate.lower):
            key = "gate.found.measured"
            said |= {"lower": estimate.lower, "upper": estimate.upper}
        sentence = Statement(key, said)
        if found.averaged:
            classes = tuple(Statement("gate.class", {"class": name}) for name in found.averaged)
            sentence = Statement("gate.found.mean_over", {"found": sentence, "classes": classes})
        if not_judged:
            sentence = Statement("gate.found.worst_of", {"found": sentence, "others": not_judged})
        precise = Statement(self.requirement.key, {**self.requirement.values, "digits": digits})
        asked = dataclasses.replace(self, requirement=precise)
        return asked.decided(found.where, self.holds(estimate), sentence, estimate)

    def _unmeasured(self, found: Measurement) -> Statement:
        obstacle = self._why_not(found) or Statement("gate.obstacle.not_measured")
        return Statement("gate.found.unmeasured", {"where": found.where, "obstacle": obstacle})

    def _why_not(self, found: Measurement) -> Statement | None:
        if found.obstacle is not None:
            return found.obstacle
        if found.estimate is None:
            return Statement("gate.obstacle.not_measured")
        if math.isnan(found.estimate.value):
            return Statement("gate.obstacle.undefined", {"cases": found.cases})
        if math.isnan(getattr(found.estimate, self.end)):
            return Statement("gate.obstacle.no_interval", {"cases": found.cases})
        return None


def _telling_digits(measured: float, bound: float) -> int:
    """Returns how many decimals show on which side of the bound a number lies."""
    digits = DIGITS
    while (
        digits < _MOST_DIGITS
        and measured != bound
        and round(measured, digits) == round(bound, digits)
    ):
        digits += 1
    return digits


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value
