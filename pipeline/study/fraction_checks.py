"""Checks of a study's shares of the labels, on the patients that they draw."""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence

from pipeline.validation.findings import Finding, Severity, Summary
from trainer.label_fractions import taken_by_stratum


def check_fractions(fractions: Sequence[float], medical: Summary) -> Iterator[Finding]:
    """Yields a line for each fraction that is too small for a class, and for two that draw alike.

    A training keeps one patient of each class, however small the fraction. A point of a
    label-efficiency curve that rests on patients it should not have is no such point.

    Args:
        fractions: Shares of the training patients whose labels are used.
        medical: What the medical data hold.
    """
    for fraction in fractions:
        yield from _check_shares(fraction, medical.training_patients)
    if not medical.labelled_patients:
        return
    for small, large in itertools.pairwise(sorted(fractions)):
        one, other = (
            taken_by_stratum(medical.labelled_patients, fraction) for fraction in (small, large)
        )
        if one == other:
            yield Finding(
                "error",
                f"label_fractions: {small:g} and {large:g} draw the same training patients. Remove "
                "one of them.",
            )


_LIMITS: tuple[tuple[Severity, float, str, str], ...] = (
    (
        "error",
        0.5,
        "half a patient",
        "Leave out fractions below {smallest:g}, or join the class with another.",
    ),
    ("warning", 1.0, "one patient", "From {smallest:g} on it has its share."),
)
"""How serious a share of less than so many patients is, and what to do; the worst first."""


def _check_shares(fraction: float, patients: Mapping[str, int]) -> Iterator[Finding]:
    for severity, least, words, remedy in _LIMITS:
        small = {name: count for name, count in patients.items() if 0 < count * fraction < least}
        if not small:
            continue
        classes = ", ".join(f"class '{name}' (patients: {count})" for name, count in small.items())
        told = remedy.format(smallest=math.ceil(1000 * least / min(small.values())) / 1000)
        yield Finding(
            severity,
            f"label_fractions: {fraction:g} of the train split is less than {words} of {classes}, "
            f"of which a training keeps one even so. {told}",
        )
        return
