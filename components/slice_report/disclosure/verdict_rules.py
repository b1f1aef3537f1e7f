"""Withholds what the gate measured where it rests on a small count, or would give one away."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from components.promotion_gate.verdict import RuleResult, Verdict
from components.slice_report.disclosure.cells import is_small
from components.slice_report.disclosure.digits import to_digits
from components.slice_report.estimates import WITHHELD
from components.slice_report.message_catalogue import ENGLISH
from components.slice_report.rule_slices import IN_DISTRIBUTION_NAME, slice_of
from components.slice_report.sentences import say
from components.statement import Statement, Value, parts

_COUNTS = ("cases", "count", "found", "left_out", "before")
_NOT_OF_CASES = ("max_schema_anomalies", "max_score_difference", "max_latency_ms", "max_size_mb")
# A share of a site's cases says as much as their number.
_SHARES = ("max_drift_share",)
_OF_CLASSES = ("gate.lack.each_class", "gate.found.mean_over")
_REQUIRED = ("bound", "margin")
_NOT_SAID = Statement("gate.found.withheld")


def protect_verdict(verdict: Verdict, data: dict[str, Any], below: int) -> Verdict:
    """Returns the verdict as the report states it; whether a rule holds is always said.

    Args:
        verdict: Of the gate.
        data: Content of the report, small counts already withheld.
        below: Counts from 1 to below this are small.
    """
    slices = {entry["name"]: entry for entry in data["slices"]}
    rules = tuple(
        _without_numbers(rule)
        if _is_withheld(rule, slices, data["data_flow"], below)
        else _to_digits(rule)
        for rule in verdict.rules
    )
    return dataclasses.replace(verdict, rules=rules)


def _without_numbers(rule: RuleResult) -> RuleResult:
    """Keeps what was required; says that what was found is withheld."""
    sentence = _NOT_SAID
    if rule.sentence is not None:
        sentence = Statement(rule.sentence.key, {**rule.sentence.values, "found": _NOT_SAID})
    return dataclasses.replace(
        rule,
        measured=None,
        lower=None,
        upper=None,
        sentence=sentence,
        reason=say(sentence, ENGLISH),
    )


def _to_digits(rule: RuleResult) -> RuleResult:
    if _asked(rule) in _NOT_OF_CASES or rule.sentence is None:
        return rule
    ends = {name: to_digits(getattr(rule, name)) for name in ("measured", "lower", "upper")}
    return dataclasses.replace(rule, **ends, sentence=_statement_to_digits(rule.sentence))


def _statement_to_digits(statement: Statement) -> Statement:
    values = {
        name: value if name in _REQUIRED else _value_to_digits(value)
        for name, value in statement.values.items()
    }
    return Statement(statement.key, values)


def _value_to_digits(value: Value) -> Value:
    if isinstance(value, Statement):
        return _statement_to_digits(value)
    if isinstance(value, tuple):
        return tuple(_statement_to_digits(part) for part in value)
    digits: Value = to_digits(value)
    return digits


def _asked(rule: RuleResult) -> str:
    return rule.rule.partition(" ")[0]


def _is_withheld(
    rule: RuleResult, slices: Mapping[str, dict[str, Any]], flow: Mapping[str, Any], below: int
) -> bool:
    asked, measure = _asked(rule), rule.rule.partition(" ")[2]
    if asked in _NOT_OF_CASES:
        return False
    # Verdicts of older versions say in words what cannot be looked through.
    if asked in _SHARES or rule.sentence is None or _has_small_count(rule.sentence, below):
        return True
    if asked == "max_quarantined_fraction":
        return isinstance(flow["quarantined_images"], str)
    entry = slices.get(slice_of(rule))
    if entry is None:
        return False
    places = [entry]
    if asked == "max_shift_gap" and IN_DISTRIBUTION_NAME in slices:
        places.append(slices[IN_DISTRIBUTION_NAME])
    if asked == "sample_size":
        return _is_count_withheld(entry, measure)
    if _tells_of_classes(rule.sentence) and any(map(_has_withheld_class, places)):
        return True
    metric = "ece" if asked == "max_calibration_error" else measure
    return any(_is_metric_withheld(place, metric) for place in places)


def _tells_of_classes(statement: Statement) -> bool:
    """Whether a sentence says how many patients each class has, or which have enough."""
    return statement.key in _OF_CLASSES or any(
        _tells_of_classes(part) for value in statement.values.values() for part in parts(value)
    )


def _has_withheld_class(entry: dict[str, Any]) -> bool:
    return any(
        isinstance(counts[kind], str)
        for model in entry["models"].values()
        for counts in model["classes"].values()
        for kind in ("positives", "negatives")
    )


def _is_count_withheld(entry: dict[str, Any], measure: str) -> bool:
    kind, _, class_name = measure.partition(":")
    if not class_name:
        return isinstance(entry[kind], str)
    models = entry["models"].values()
    return any(isinstance(model["classes"][class_name][kind], str) for model in models)


def _is_metric_withheld(entry: dict[str, Any], measure: str) -> bool:
    """Whether any model's number is: a difference to another model would tell its own."""
    name, _, class_name = measure.partition(":")
    for model in entry["models"].values():
        found = model["classes"].get(class_name, {}) if class_name else model["metrics"]
        if name in found and found[name]["status"] == WITHHELD:
            return True
    return False


def _has_small_count(statement: Statement, below: int) -> bool:
    return any(
        (name in _COUNTS and isinstance(value, int) and is_small(value, below))
        or any(_has_small_count(part, below) for part in parts(value))
        for name, value in statement.values.items()
    )
