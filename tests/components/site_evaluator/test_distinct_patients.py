"""Counting patients: exact as long as they are few, in whatever order and parts they come."""

import numpy as np
import pytest

from components.site_evaluator.distinct_patients import EXACT_PATIENTS, DistinctPatients
from components.site_evaluator.resampling import patient_key


def keys_of(count: int) -> np.ndarray:
    return np.array([patient_key(f"patient-{n}".encode()) for n in range(count)], np.uint64)


def test_a_patient_with_several_cases_counts_once():
    patients = DistinctPatients()
    patients.add(keys_of(3).repeat(4))
    patients.add(keys_of(5))
    assert patients.count() == 5


def test_parts_and_their_order_do_not_matter():
    keys = keys_of(1000)
    counts = []
    for parts in ([keys], np.array_split(keys, 7), np.array_split(keys[::-1], 3)):
        whole = DistinctPatients()
        for part in parts:
            one = DistinctPatients()
            one.add(part)
            whole.merge(one)
        counts.append(whole.count())
    assert counts == [1000, 1000, 1000]


def test_nobody_is_none():
    assert DistinctPatients().count() == 0


@pytest.mark.parametrize("factor", [1, 2, 10])
def test_beyond_the_exact_limit_the_number_is_close_and_memory_stays(factor):
    patients = DistinctPatients()
    random = np.random.default_rng(factor)
    total = factor * EXACT_PATIENTS
    for part in np.array_split(random.integers(0, 2**64, total, np.uint64), 8):
        patients.add(part)
    # Four standard errors of 1 / sqrt(k - 2).
    tolerance = 4 * total / np.sqrt(EXACT_PATIENTS) if factor > 1 else 0
    assert abs(patients.count() - total) <= tolerance
    assert patients._keys.nbytes <= 8 * (EXACT_PATIENTS + 1)


def test_a_lower_limit_takes_less_memory_and_is_less_exact():
    patients = DistinctPatients(exact=1_024)
    patients.add(keys_of(1_024))
    assert patients.count() == 1_024
    patients.add(keys_of(20_000))
    patients.add(keys_of(20_000)[::-1])
    assert patients.count() == pytest.approx(20_000, rel=4 / np.sqrt(1_024))
    assert patients._keys.nbytes <= 8 * (1_024 + 1)
