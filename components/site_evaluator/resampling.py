"""Poisson bootstrap over patients (Hanley and MacGibbon 2006; Chamandy et al. 2012).

A replicate weighs every patient by an independent Poisson(1) draw, which for many patients
equals drawing as many with replacement. The draw depends on nothing but the seed and the
patient, so all cases of a patient share it, the order and the sharding of the data do not
matter, and two models or two slices see the same resample: their differences are paired.
"""

import functools
import hashlib

import numpy as np
import numpy.typing as npt

REPLICATES = 200

_CACHED_PATIENTS = 16_384


def patient_key(patient_id: bytes) -> int:
    """Returns 64 bits that stand for a patient, the same on every machine."""
    return int.from_bytes(hashlib.blake2b(patient_id, digest_size=8).digest(), "little")


def case_weights(patients: npt.NDArray[np.uint64], seed: int) -> npt.NDArray[np.int32]:
    """Returns how often each case counts.

    Args:
        patients: [cases], keys of the cases' patients.
        seed: Of the bootstrap, 0 or more.

    Returns:
        int32 [cases, 1 + REPLICATES]: 1 in column 0 (the data as they are), then the replicates.
    """
    distinct, row = np.unique(patients, return_inverse=True)
    weights = np.ones((len(distinct), 1 + REPLICATES), np.int32)
    for index, patient in enumerate(distinct):
        weights[index, 1:] = _patient_weights(int(patient), seed)
    return weights[row]


@functools.lru_cache(maxsize=_CACHED_PATIENTS)
def _patient_weights(patient: int, seed: int) -> npt.NDArray[np.uint8]:
    counter_based = np.random.Philox(key=np.array([seed, patient], np.uint64))
    return np.random.Generator(counter_based).poisson(1.0, REPLICATES).astype(np.uint8)
