import itertools
import math
from collections import Counter

import numpy as np
import pytest

from trainer.label_fractions import classes_without_case, patients_of_fraction, taken_by_stratum

FRACTIONS = [0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1.0]


def single_class_patients(counts):
    return {
        f"{label}-{number}".encode(): frozenset([label])
        for label, count in enumerate(counts)
        for number in range(count)
    }


def mixed_patients(count=300, seed=0):
    """Patients with any of four findings, 2% to 50% frequent; some have none."""
    rng = np.random.default_rng(seed)
    found = rng.random((count, 4)) < [0.02, 0.1, 0.3, 0.5]
    return {
        f"p{i}".encode(): frozenset(np.flatnonzero(row).tolist()) for i, row in enumerate(found)
    }


@pytest.mark.parametrize("patients", [single_class_patients([100, 30, 7]), mixed_patients()])
def test_a_smaller_fraction_is_contained_in_every_larger_one(patients):
    subsets = [patients_of_fraction(patients, fraction=f, seed=1) for f in FRACTIONS]
    assert all(small <= large for small, large in itertools.pairwise(subsets))
    assert subsets[-1] == frozenset(patients)


@pytest.mark.parametrize("fraction", FRACTIONS)
def test_each_class_gives_its_share_rounded_up(fraction):
    counts = [100, 30, 7]
    chosen = patients_of_fraction(single_class_patients(counts), fraction=fraction, seed=1)
    received = Counter(int(patient.split(b"-")[0]) for patient in chosen)
    exact = [math.ceil(count * int(fraction * 10 + 0.5) / 10) for count in counts]
    assert [received[label] for label in range(3)] == exact


@pytest.mark.parametrize("seed", range(20))
def test_no_class_is_lost_however_small_the_fraction(seed):
    patients = mixed_patients(seed=seed)
    present = frozenset().union(*patients.values())
    chosen = patients_of_fraction(patients, fraction=0.01, seed=seed)
    assert frozenset().union(*(patients[patient] for patient in chosen)) == present


@pytest.mark.parametrize("seed", range(10))
def test_any_two_fractions_are_nested_and_shares_are_kept(seed):
    rng = np.random.default_rng(seed)
    patients = mixed_patients(count=int(rng.integers(30, 900)), seed=seed)
    combinations = Counter(patients.values())
    smaller, larger = np.sort(rng.uniform(0.005, 1, (15, 2)), axis=1).T
    for low, high in zip(smaller, larger, strict=True):
        few = patients_of_fraction(patients, fraction=low, seed=seed)
        many = patients_of_fraction(patients, fraction=high, seed=seed)
        assert few <= many
        for fraction, chosen in ((low, few), (high, many)):
            # Rounding up in five strata, and a patient for each of four classes.
            assert 0 <= len(chosen) - fraction * len(patients) <= 9
            received = Counter(patients[patient] for patient in chosen)
            for classes, count in combinations.items():
                assert abs(received[classes] - fraction * count) <= 2
            for label in range(4):
                have = sum(label in classes for classes in patients.values())
                drawn = sum(label in patients[patient] for patient in chosen)
                assert abs(drawn - fraction * have) <= 4


def test_a_class_that_only_comes_with_a_rarer_one_is_kept():
    # Class 0 is never its patients' rarest class.
    patients = {b"a": frozenset([0, 1])} | {f"b{i}".encode(): frozenset([1]) for i in range(50)}
    patients |= {f"c{i}".encode(): frozenset([0, 2]) for i in range(2)}
    chosen = patients_of_fraction(patients, fraction=0.01, seed=4)
    assert any(0 in patients[patient] for patient in chosen)


@pytest.mark.parametrize("patients", [single_class_patients([100, 30, 7]), mixed_patients()])
def test_fractions_that_take_as_many_of_each_stratum_draw_the_same_patients(patients):
    by_classes = Counter(patients.values())
    taken = {f: taken_by_stratum(by_classes, f) for f in (0.1, 0.1001, 0.104, 0.2, 0.2001, 1.0)}
    for one, other in itertools.combinations(taken, 2):
        for seed in range(3):
            drawn = [patients_of_fraction(patients, fraction=f, seed=seed) for f in (one, other)]
            assert (taken[one] == taken[other]) == (drawn[0] == drawn[1])
    assert sum(taken[1.0].values()) == len(patients)


def test_the_seed_draws_other_patients_and_the_same_seed_the_same():
    patients = single_class_patients([200])
    first = patients_of_fraction(patients, fraction=0.5, seed=1)
    assert patients_of_fraction(dict(reversed(patients.items())), fraction=0.5, seed=1) == first
    # Two halves drawn apart share about a quarter of the 200.
    assert len(first & patients_of_fraction(patients, fraction=0.5, seed=2)) < 75


def test_a_new_patient_moves_at_most_one_other():
    patients = single_class_patients([100])
    before = patients_of_fraction(patients, fraction=0.3, seed=1)
    after = patients_of_fraction(patients | {b"new": frozenset([0])}, fraction=0.3, seed=1)
    assert len(before - after) <= 1


def test_classes_that_nobody_has_are_named():
    patients = {b"a": frozenset([0]), b"b": frozenset([2])}
    assert classes_without_case(patients, ["eczema", "melanoma", "nevus"]) == ("melanoma",)
    assert classes_without_case({}, ["eczema"]) == ("eczema",)
