"""One evaluated case as a fixed number of bytes, so that a slice holds its cases in one buffer."""

import numpy as np
import numpy.typing as npt

from components.site_evaluator.resampling import patient_key
from trainer.errors import UserError


def record_type(class_count: int) -> np.dtype:
    """Returns the layout of a case: `patient` uint64, and per class `present`, `known`, `score`."""
    return np.dtype(
        [
            ("patient", np.uint64),
            ("present", np.bool_, (class_count,)),
            ("known", np.bool_, (class_count,)),
            ("score", np.float32, (class_count,)),
        ]
    )


def pack_case(
    patient_id: bytes,
    label: npt.NDArray[np.float32],
    label_weight: npt.NDArray[np.float32],
    score: npt.NDArray[np.float32],
) -> bytes:
    """Packs a case into bytes.

    Args:
        patient_id: Pseudonym of the patient; only a hash of it is kept.
        label: [classes], 1 present, 0 absent.
        label_weight: [classes], 1 known, 0 unknown.
        score: [classes], probabilities.

    Raises:
        ValueError: The three arrays differ in length.
        UserError: A score is not a probability.
    """
    if not np.all((score >= 0) & (score <= 1)):
        raise UserError(
            "predictions: a case has a score outside 0..1 or not a number. "
            "Check that the training of the model did not diverge, then score the cases again."
        )
    record = np.empty(1, record_type(len(score)))
    record["patient"] = patient_key(patient_id)
    record["present"] = label > 0.5
    record["known"] = label_weight > 0
    record["score"] = score
    return record.tobytes()


def unpack_cases(buffer: bytes | bytearray, class_count: int) -> npt.NDArray[np.void]:
    """Returns the packed cases that have a known label, as a structured array [cases]."""
    cases = np.frombuffer(bytes(buffer), record_type(class_count))
    return cases[cases["known"].any(axis=1)]
