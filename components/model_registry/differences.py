"""In what two models differ, field by field: one comparison for the registry and the report."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Difference:
    """A field in which two models differ.

    Attributes:
        field: Its place, the parts joined by dots: `card.fine_tuning.epochs`.
        first: Its value in the first model; None where that model does not state it.
        second: In the second one, likewise.
    """

    field: str
    first: Any
    second: Any


def differences(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[Difference]:
    """Returns the fields that are not the same, in the order of the first model.

    Args:
        first: Sections by name, `card` and `lineage` say, with fields that may hold fields.
        second: Likewise.
    """
    ours, theirs = dict(_fields("", first)), dict(_fields("", second))
    return [
        Difference(field, ours.get(field), theirs.get(field))
        for field in dict.fromkeys([*ours, *theirs])
        if ours.get(field) != theirs.get(field)
    ]


def value_text(value: Any) -> str:
    """Returns a field's value for a person: numbers to four digits, a list's items by `;`."""
    if value is None or value == "":
        return "none"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {value_text(part)}" for name, part in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "; ".join(map(value_text, value)) or "none"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _fields(place: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, part in value.items():
            yield from _fields(f"{place}.{name}" if place else name, part)
    else:
        # A tuple and the list that a file makes of it are the same.
        yield place, list(value) if isinstance(value, tuple) else value
