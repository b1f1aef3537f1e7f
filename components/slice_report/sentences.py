"""Statements in words of a language."""

from components.slice_report.message_catalogue import Messages
from components.slice_report.vocabulary import in_text
from components.statement import Statement, Value

DIGITS = 3
"""Decimals of a number in a sentence that says no `digits` of its own."""


def say(statement: Statement, messages: Messages) -> str:
    """Returns a statement as plain text; a page escapes it as any other text."""
    if statement.key == "metric":
        return _metric(statement, messages)
    filled = {name: _filled(value, messages) for name, value in statement.values.items()}
    return messages.plain(statement.key, **{"digits": DIGITS} | filled)


def _filled(value: Value, messages: Messages) -> str | int | float:
    if isinstance(value, Statement):
        return say(value, messages)
    if isinstance(value, tuple):
        return messages.plain("gate.separator").join(say(part, messages) for part in value)
    return value


def _metric(statement: Statement, messages: Messages) -> str:
    name, class_name = (str(statement.values[field]) for field in ("name", "class"))
    of_class = messages.plain("rule.of_class", **{"class": class_name}) if class_name else ""
    return in_text(name, messages) + of_class
