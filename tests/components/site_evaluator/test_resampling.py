import math

import numpy as np

from components.site_evaluator.resampling import REPLICATES, case_weights, patient_key


def keys(names):
    return np.array([patient_key(name.encode()) for name in names], np.uint64)


def test_the_first_column_is_the_data_as_they_are():
    assert np.all(case_weights(keys(["a", "b"]), seed=3)[:, 0] == 1)


def test_all_cases_of_a_patient_share_their_weights():
    weights = case_weights(keys(["a", "b", "a"]), seed=3)
    np.testing.assert_array_equal(weights[0], weights[2])
    assert not np.array_equal(weights[0], weights[1])


def test_a_patients_weights_depend_on_seed_and_patient_only():
    alone = case_weights(keys(["a"]), seed=3)[0]
    among_others = case_weights(keys(["z", "b", "a", "c"]), seed=3)[2]
    np.testing.assert_array_equal(alone, among_others)
    assert not np.array_equal(alone, case_weights(keys(["a"]), seed=4)[0])


def test_weights_are_draws_of_a_poisson_distribution_with_mean_1():
    draws = case_weights(keys([f"p{index}" for index in range(500)]), seed=0)[:, 1:]
    for count in range(4):
        expected = math.exp(-1) / math.factorial(count)
        # 100,000 draws: four standard errors of a share are below 0.0064.
        assert abs(np.mean(draws == count) - expected) < 0.0064
    assert abs(draws.var() - 1) < 0.03


def test_replicates_and_patients_are_uncorrelated():
    draws = case_weights(keys([f"p{index}" for index in range(2000)]), seed=0)[:, 1:]
    correlation = np.corrcoef(draws.T)[~np.eye(REPLICATES, dtype=bool)]
    assert abs(correlation.mean()) < 0.002
    assert np.abs(correlation).max() < 6 / math.sqrt(2000)


def test_a_patient_key_is_the_same_on_every_machine():
    # BLAKE2b with a digest of 8 bytes, little endian, as `b2sum --length=64` prints it.
    assert patient_key(b"") == int.from_bytes(bytes.fromhex("e4a6a0577479b2b4"), "little")
