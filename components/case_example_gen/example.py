"""A case as a `tf.Example`, in the features of schemas/case.pbtxt."""

import tensorflow as tf

from components.case_example_gen.cases import Case
from components.case_example_gen.pseudonym import pseudonym
from schemas import case_features


def case_example(case: Case, images: list[bytes], key: bytes) -> tf.train.Example:
    """Builds the example of a case; patient and case appear as pseudonyms only.

    Args:
        case: Its site, sex, age, further features and labels; view and visit of its rows.
        images: Encoded images (8-bit JPEG or PNG), one per row.
        key: Of the pseudonyms.
    """
    features = {
        case_features.CASE_ID: _text([pseudonym(key, "case", case.case_id)]),
        case_features.PATIENT_ID: _text([pseudonym(key, "patient", case.patient_id)]),
        case_features.SITE: _text([case.site]),
        case_features.IMAGE: tf.train.Feature(bytes_list=tf.train.BytesList(value=images)),
        case_features.VIEW: _text([row.view for row in case.rows]),
        case_features.VISIT: _text([row.visit for row in case.rows]),
        case_features.SEX: _text([case.sex]),
        case_features.AGE_GROUP: _text([case_features.age_group(case.age)]),
    }
    if case.case_features:
        pairs = [f"{name}={value}" for name, value in case.case_features]
        features[case_features.CASE_FEATURE] = _text(pairs)
    if case.label is not None:
        features[case_features.LABEL] = _text([case.label])
    if case.findings:
        features[case_features.FINDING_VALUE] = _floats([value or 0.0 for value in case.findings])
        features[case_features.FINDING_WEIGHT] = _floats(
            [0.0 if value is None else 1.0 for value in case.findings]
        )
    return tf.train.Example(features=tf.train.Features(feature=features))


def _text(values: list[str]) -> tf.train.Feature:
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[v.encode() for v in values]))


def _floats(values: list[float]) -> tf.train.Feature:
    return tf.train.Feature(float_list=tf.train.FloatList(value=values))
