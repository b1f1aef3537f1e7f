"""A sentence as what it says: a key of the message catalogue and what fills its placeholders.

What a step finds is kept so, because its reader's language is not known where it is found.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Union

Value = Union[str, int, float, "Statement", tuple["Statement", ...]]


@dataclass(frozen=True)
class Statement:
    """A sentence, or a part of one.

    Attributes:
        key: In the catalogue: `gate.where.site`; or `metric`, the name of a metric, filled by
            `name` and for one class `class`.
        values: By placeholder: names and numbers, parts, or parts to be listed.
    """

    key: str
    values: Mapping[str, Value] = field(default_factory=dict)


def metric_statement(metric: str) -> Statement:
    """Returns the name of a metric: `mean_auc`, or of one class `sensitivity:edema`."""
    name, _, class_name = metric.partition(":")
    return Statement("metric", {"name": name, "class": class_name})


def parts(value: Value) -> tuple[Statement, ...]:
    """Returns the statements that fill a placeholder; none where a name or number does."""
    if isinstance(value, Statement):
        return (value,)
    return value if isinstance(value, tuple) else ()


def statement_from(values: Mapping[str, Any]) -> Statement:
    """Reads what `dataclasses.asdict` made of a statement, and JSON of that."""
    return Statement(values["key"], {name: _value(one) for name, one in values["values"].items()})


def _value(value: Any) -> Value:
    if isinstance(value, Mapping):
        return statement_from(value)
    return tuple(map(statement_from, value)) if isinstance(value, list | tuple) else value
