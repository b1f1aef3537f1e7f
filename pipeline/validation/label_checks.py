"""Checks of the drawn training labels, before any training."""

import math
from collections.abc import Iterator, Mapping

from components.case_example_gen.cases import Case
from components.case_example_gen.settings import DataSettings


def classes_present(case: Case, data: DataSettings) -> set[str]:
    """Returns the classes that a case is known to have."""
    if data.task == "multi_class":
        return set() if case.label is None else {case.label}
    named = zip(data.classes, case.findings, strict=True)
    return {name for name, value in named if value == 1}


def thin_classes(patients: Mapping[str, int], fraction: float) -> Iterator[str]:
    """Says which classes are too rare for a label fraction, and from which one on they are not.

    Each class keeps at least one patient, so that a training is possible; with a smaller fraction
    than one over its patients it has more than its share.

    Args:
        patients: Of the training split, by class.
        fraction: Share of the training patients whose labels are used.
    """
    for name, count in patients.items():
        if 0 < count * fraction < 1:
            smallest = math.ceil(1000 / count) / 1000
            yield (
                f"class '{name}' has {count} patients in the train split, and "
                f"label_fraction {fraction:g} keeps one of them, more than its share. "
                f"The smallest fraction that works for it is {smallest:g}."
            )
