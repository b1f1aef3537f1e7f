"""Names and vocabularies of the features of a case example (`case.pbtxt`).

One `tf.Example` is one case, from ingestion to serving. A *transformed* case has the same
names: its images are decoded once, resized and re-encoded, and its label is an integer.
"""

from typing import Literal

Task = Literal["multi_class", "multi_label"]

CASE_ID = "case_id"
PATIENT_ID = "patient_id"
SITE = "site"
IMAGE = "image"
IMAGE_COUNT = "image_count"
"""Raw cases: the number of images. This and the next three are for statistics."""
IMAGE_MEAN = "image_mean"
"""Raw cases: float32 [images], mean grey value, 0 black to 1 white."""
IMAGE_CONTRAST = "image_contrast"
"""Raw cases: float32 [images], standard deviation of the grey values."""
KNOWN_FINDING = "known_finding"
"""Raw cases, multi-label: `name=1` or `name=0` of each finding that is known."""
VIEW = "view"
VISIT = "visit"
"""Of each image: days since the patient's first visit, or the visit's number; or `unknown`."""
SEX = "sex"
AGE_GROUP = "age_group"

CASE_FEATURE = "case_feature"
"""`name=value` of each further feature that the data settings name."""

LABEL = "label"
"""Multi-class: the class name (raw case; absent = unlabelled) or its index (transformed; -1)."""
FINDING_VALUE = "finding_value"
"""Multi-label: float32 [findings], 1 present, 0 absent."""
FINDING_WEIGHT = "finding_weight"
"""Multi-label: float32 [findings], 1 known, 0 unknown: neither trains nor evaluates."""

PIXEL_MEAN = "pixel_mean"
"""Transformed cases and pairs: float32 [3], mean over all training pixels in [0, 1]."""
PIXEL_STD = "pixel_std"
"""Transformed cases and pairs: float32 [3], standard deviation of the same."""

PAIR_RULE = "pair_rule"
"""Pair examples: `different_image` or `single_image`."""

UNLABELLED = -1

UNKNOWN = "unknown"
SEXES = ("female", "male", "other", UNKNOWN)
AGE_GROUPS = ("0-17", "18-39", "40-59", "60-79", "80+", UNKNOWN)

TRAIN = "train"
VALIDATION = "validation"
TEST = "test"
SHIFTED = "shifted"
SPLITS = (TRAIN, VALIDATION, TEST, SHIFTED)
"""`shifted` holds every case of the held-out sites; the other three are drawn by patient."""


def age_group(age: float | None) -> str:
    """Returns the entry of `AGE_GROUPS` that an age in years falls into; `unknown` for None."""
    if age is None:
        return UNKNOWN
    upper_bounds = (18, 40, 60, 80)
    return AGE_GROUPS[sum(age >= bound for bound in upper_bounds)]
