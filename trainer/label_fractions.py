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
    patients are taken. Their order spreads each combination of classes evenly over the stratum
    (systematic sampling) and is decided by a hash of patient and seed. Besides, the first
    patient of each class is always taken, so that no class is lost. A smaller fraction's
    patients are therefore always among a larger one's, and new patients move few of the others.

    So at most one patient a stratum and one a class are drawn above the fraction; the rarest
    class of a patient has its share to within one, and so a multi-class class has; a combination
    of findings has it to within two.

    Args:
        patients: Classes of each patient's labelled cases, as indices.
        fraction: Share to take, within 0..1.
        seed: Another seed draws other patients.

    Returns:
        The patients taken.
    """
    counts = Counter(label for classes in patients.values() for label in classes)
    strata: dict[int, list[bytes]] = defaultdict(list)
    first_of_class: dict[int, bytes] = {}
    for patient in _even_order(patients, seed):
        classes = patients[patient]
        strata[_stratum(classes, counts)].append(patient)
        for label in classes:
            first_of_class.setdefault(label, patient)
    taken = set(first_of_class.values())
    for members in strata.values():
        taken.update(members[: _taken(len(members), fraction)])
    return frozenset(taken)


def taken_by_stratum(patients: Mapping[frozenset[int], int], fraction: float) -> dict[int, int]:
    """Returns how many patients of each stratum a fraction takes.

    Two fractions that take as many of each draw the same patients, whatever the seed.

    Args:
        patients: Number of patients by their classes, as indices.
        fraction: Share to take, within 0..1.
    """
    counts: Counter[int] = Counter()
    for classes, number in patients.items():
        counts.update(dict.fromkeys(classes, number))
    strata: Counter[int] = Counter()
    for classes, number in patients.items():
        strata[_stratum(classes, counts)] += number
    return {stratum: _taken(size, fraction) for stratum, size in strata.items()}


def _stratum(classes: frozenset[int], counts: Mapping[int, int]) -> int:
    """Returns the rarest of a patient's classes."""
    return min(classes, key=lambda label: (counts[label], label), default=_NO_CLASS)


def _taken(size: int, fraction: float) -> int:
    # The rounding keeps 0.1 x 30, which is 3.0000000000000004, at 3.
    return math.ceil(round(fraction * size, 9))


def _even_order(patients: Mapping[bytes, frozenset[int]], seed: int) -> list[bytes]:
    """Orders patients so that each combination of classes has its share of every beginning.

    The patients of a combination stand at equal distances from 0 to 1, from a start that is
    drawn for the combination.
    """
    combinations: dict[frozenset[int], list[bytes]] = defaultdict(list)
    for patient in sorted(patients, key=lambda patient: _rank(patient, seed)):
        combinations[patients[patient]].append(patient)
    places: dict[bytes, float] = {}
    for classes, members in combinations.items():
        start = _share(repr(sorted(classes)).encode(), seed)
        for number, patient in enumerate(members):
            places[patient] = (number + start) / len(members)
    return sorted(patients, key=lambda patient: (places[patient], _rank(patient, seed)))


def _rank(patient: bytes, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}/".encode() + patient).digest()


def _share(text: bytes, seed: int) -> float:
    """Draws a number of 0 to 1 that only the text and the seed decide."""
    return int.from_bytes(_rank(text, seed)[:6], "big") / 2**48


def classes_without_case(
    patients: Mapping[bytes, frozenset[int]], classes: Sequence[str]
) -> tuple[str, ...]:
    """Returns the names of the classes that no patient has."""
    present = frozenset[int]().union(*patients.values())
    return tuple(name for index, name in enumerate(classes) if index not in present)
