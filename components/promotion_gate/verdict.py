"""The gate's verdict: each rule, what was measured, and why it passed or failed."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.slice_report.message_catalogue import ENGLISH
from components.slice_report.sentences import say
from components.statement import Statement, statement_from

VERDICT = "verdict.json"


@dataclass(frozen=True)
class RuleResult:
    """One rule on one slice.

    Attributes:
        rule: Name of the rule as in the configuration.
        slice: For a person: `all cases`, `site north`.
        measured: The value held against the bound; None where it could not be estimated.
        lower: Lower end of its 95% interval, where there is one.
        upper: Upper end of its 95% interval, where there is one.
        bound: What was required.
        passed: Whether the rule holds.
        reason: A sentence a clinician understands, in English.
        where: What `slice` says, for any language; None in verdicts of older versions.
        sentence: What `reason` says, for any language; None in verdicts of older versions.
    """

    rule: str
    slice: str
    measured: float | None
    lower: float | None
    upper: float | None
    bound: float
    passed: bool
    reason: str
    where: Statement | None = None
    sentence: Statement | None = None


def rule_result(
    rule: str,
    where: Statement,
    sentence: Statement,
    *,
    bound: float,
    passed: bool,
    measured: float | None = None,
    lower: float | None = None,
    upper: float | None = None,
) -> RuleResult:
    """Returns a result whose English is that of its statements."""
    return RuleResult(
        rule=rule,
        slice=say(where, ENGLISH),
        measured=measured,
        lower=lower,
        upper=upper,
        bound=bound,
        passed=passed,
        reason=say(sentence, ENGLISH),
        where=where,
        sentence=sentence,
    )


@dataclass(frozen=True)
class Verdict:
    """The model may be promoted only if every rule passed.

    Attributes:
        rules: All of them.
        sign_off_roles: Roles in which somebody must agree besides.
    """

    rules: tuple[RuleResult, ...]
    sign_off_roles: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether every rule passed."""
        return all(rule.passed for rule in self.rules)

    def write(self, directory: str) -> None:
        """Writes `verdict.json` into a directory."""
        values = {"passed": self.passed, **dataclasses.asdict(self)}
        Path(directory, VERDICT).write_text(json.dumps(values, indent=2) + "\n")


def read_verdict(directory: str) -> Verdict:
    """Reads `verdict.json` from a directory."""
    values = json.loads(Path(directory, VERDICT).read_text())
    rules = tuple(_rule_from(rule) for rule in values["rules"])
    return Verdict(rules, tuple(values["sign_off_roles"]))


def _rule_from(values: Mapping[str, Any]) -> RuleResult:
    stated = {
        name: statement_from(values[name]) for name in ("where", "sentence") if values.get(name)
    }
    return RuleResult(**{**values, **stated})
