"""To how many digits a number is given where small counts are withheld."""

from typing import Any

DIGITS = 3
"""What the page prints. More of a ratio tell its numerator and denominator."""


def to_digits(value: Any) -> Any:
    """Returns a number rounded; whatever else as it is."""
    return round(value, DIGITS) if isinstance(value, float) else value
