"""Nested shares of the training labels, for label-efficiency curves (paper section 6)."""

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

_NO_CLASS = -1


def patients_of_fraction(
    patients: Mapping[bytes, frozenset[int]], *, fraction: float, seed: int
) -> frozenset[bytes]:
    """Draws a share of the patients, stratified by class.

    Each patient stands in the stratum of its rarest class (patients with none, such as chest
    studies without a finding, form one more) and in each stratum the first ceil(fraction x n)
    patients are taken, in an order given by a hash of patient and seed. Besides, the first
    patient of each class is always taken, so that no class is lost. A smaller fraction's
    patients are therefore always among a larger one's, and new patients move few of the others.

    Args:
        patients: Classes of each patient's labelled cases, as indices.
        fraction: Share to take, within 0..1.
        seed: Another seed draws other patients.

    Returns:
        The patients taken.
    """
    order = sorted(patients, key=lambda patient: _rank(patient, seed))
    counts = Counter(label for classes in patients.values() for label in classes)
    strata: dict[int, list[bytes]] = defaultdict(list)
    first_of_class: dict[int, bytes] = {}
    for patient in order:
        classes = patients[patient]
        rarest = min(classes, key=lambda label: (counts[label], label), default=_NO_CLASS)
        strata[rarest].append(patient)
        for label in classes:
            first_of_class.setdefault(label, patient)
    taken = set(first_of_class.values())
    for members in strata.values():
        # The rounding keeps 0.1 x 30, which is 3.0000000000000004, at 3.
        taken.update(members[: math.ceil(round(fraction * len(members), 9))])
    return frozenset(taken)


def _rank(patient: bytes, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}/".encode() + patient).digest()


def classes_without_case(
    patients: Mapping[bytes, frozenset[int]], classes: Sequence[str]
) -> tuple[str, ...]:
    """Returns the names of the classes that no patient has."""
    present = frozenset[int]().union(*patients.values())
    return tuple(name for index, name in enumerate(classes) if index not in present)
