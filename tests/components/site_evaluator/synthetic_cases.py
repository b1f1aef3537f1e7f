"""Synthetic cases whose metrics an independent source can compute."""

import numpy as np

from components.site_evaluator.case_records import pack_case, unpack_cases
from components.site_evaluator.counts import Counts, distinct_scores
from components.site_evaluator.estimates import slice_metrics
from components.site_evaluator.sufficiency import SampleLimits

CLASSES = ("edema", "effusion", "mass")
SITES = ("north", "south", "east")


def make_cases(
    count: int,
    classes: int,
    multi_class: bool = False,
    cases_per_patient: int = 2,
    unknown_share: float = 0.1,
    seed: int = 0,
) -> dict[str, np.ndarray]:
    """Cases whose labels and scores agree within a patient more than between patients."""
    rng = np.random.default_rng(seed)
    patient = np.arange(count) // cases_per_patient
    difficulty = rng.normal(0, 1, (patient.max() + 1, classes))[patient]
    logit = difficulty + rng.normal(0, 0.5, (count, classes))
    noise = rng.normal(0, 0.7, (count, classes))
    if multi_class:
        label = np.eye(classes, dtype=np.float32)[logit.argmax(axis=1)]
        exponential = np.exp(logit + noise)
        score = exponential / exponential.sum(axis=1, keepdims=True)
        known = np.repeat(rng.random((count, 1)) >= unknown_share, classes, axis=1)
    else:
        label = (logit > 0.5).astype(np.float32)
        score = 1 / (1 + np.exp(-(logit + noise)))
        known = rng.random((count, classes)) >= unknown_share
    site = np.array(SITES)[patient % len(SITES)]
    return {
        "patient_id": np.array([f"p{index}" for index in patient]),
        "site": site,
        "split": np.where(site == "east", "shifted", "test"),
        "distribution": np.where(site == "east", "shifted", "in_distribution"),
        "sex": np.where(patient % 2, "female", "male"),
        "age_group": np.array(("18-39", "40-59", "60-79"))[patient % 3 - patient % 2],
        "view": np.where(patient % 2, "PA", "PA + lateral"),
        "image_count": np.where(np.arange(count) % 2, "single_image", "several_images"),
        "label": label * known,
        "label_weight": known.astype(np.float32),
        "score": score.astype(np.float32),
    }


def to_records(cases):
    packed = b"".join(
        pack_case(patient.encode(), label, weight, score)
        for patient, label, weight, score in zip(
            cases["patient_id"], cases["label"], cases["label_weight"], cases["score"], strict=True
        )
    )
    return unpack_cases(packed, cases["score"].shape[1])


ANY_NUMBER = SampleLimits(min_cases=1, min_positives=1, min_negatives=1)
"""A mean is over every class of which there is a case."""


def evaluate(cases, multi_class=False, threshold=0.5, edges=None, names=CLASSES, limits=ANY_NUMBER):
    records = to_records(cases)
    classes = cases["score"].shape[1]
    if edges is None:
        edges = tuple(distinct_scores(records["score"][:, index]) for index in range(classes))
    counts = Counts.empty(edges, np.full(classes, threshold), multi_class)
    counts.add(records, seed=0)
    return slice_metrics(counts, names[:classes], limits)
