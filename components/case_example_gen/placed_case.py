"""A case and the split it belongs to."""

from dataclasses import dataclass

from components.case_example_gen.cases import Case


@dataclass(frozen=True)
class PlacedCase:
    """A case and the split it belongs to."""

    split: str
    case: Case
