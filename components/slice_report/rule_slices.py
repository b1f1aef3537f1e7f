"""Which slice of the report a rule of the gate is about, and which of its classes."""

from components.case_predictor.predictions import DISTRIBUTION, IN_DISTRIBUTION
from components.promotion_gate.verdict import RuleResult
from components.site_evaluator.results import site_slice
from components.slice_report.vocabulary import slice_name
from components.statement import Statement, parts
from schemas.case_features import SHIFTED

IN_DISTRIBUTION_NAME = slice_name(((DISTRIBUTION, IN_DISTRIBUTION),))
_NAMES = {
    f"gate.where.{IN_DISTRIBUTION}": IN_DISTRIBUTION_NAME,
    f"gate.where.{SHIFTED}": slice_name(((DISTRIBUTION, SHIFTED),)),
}


def slice_of(rule: RuleResult) -> str:
    """Returns a rule's slice as the report names it; the gate words some otherwise."""
    if rule.where is None:
        return rule.slice
    if rule.where.key == "gate.where.site_against_training":
        return slice_name(site_slice(str(rule.where.values["site"])))
    return _NAMES.get(rule.where.key, rule.slice)


def averaged_classes(rule: RuleResult) -> list[str]:
    """Returns the classes that a rule's mean is over where it leaves some out; else none."""
    return [] if rule.sentence is None else _averaged(rule.sentence)


def _averaged(statement: Statement) -> list[str]:
    if statement.key == "gate.found.mean_over":
        return [str(one.values["class"]) for one in parts(statement.values["classes"])]
    found = (_averaged(part) for value in statement.values.values() for part in parts(value))
    return next((classes for classes in found if classes), [])
