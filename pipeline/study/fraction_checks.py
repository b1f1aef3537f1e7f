"""Checks of a study's shares of the labels, on the patients that they draw."""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence

from pipeline.validation.findings import Finding, Summary
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


def _check_shares(fraction: float, patients: Mapping[str, int]) -> Iterator[Finding]:
    shares = {name: count * fraction for name, count in patients.items() if count > 0}
    for least, words in ((0.5, "half a patient"), (1.0, "one patient")):
        small = {name: patients[name] for name, share in shares.items() if share < least}
        if not small:
            continue
        classes = ", ".join(f"class '{name}' ({count} patients)" for name, count in small.items())
        smallest = math.ceil(1000 * least / min(small.values())) / 1000
        told = (
            f"label_fractions: {fraction:g} of the train split is less than {words} of {classes}, "
            "of which a training keeps one even so."
        )
        if least == 0.5:
            remedy = f"Leave out fractions below {smallest:g}, or join the class with another."
            yield Finding("error", f"{told} {remedy}")
        else:
            yield Finding("warning", f"{told} From {smallest:g} on it has its share.")
        return
