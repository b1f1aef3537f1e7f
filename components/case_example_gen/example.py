"""A case as a `tf.Example`, in the features of schemas/case.pbtxt."""

from collections.abc import Iterable, Sequence

import tensorflow as tf

from components.case_example_gen.cases import Case
from components.case_example_gen.images import MeasuredImage
from components.case_example_gen.pseudonym import pseudonym
from schemas import case_features


def case_example(
    case: Case, images: Sequence[MeasuredImage], classes: Sequence[str], key: bytes
) -> tf.train.Example:
    """Builds the example of a case; patient and case appear as pseudonyms only.

    Args:
        case: Its site, sex, age, further features and labels; view and visit of its rows.
        images: One per row.
        classes: Of the data set; the names of the findings.
        key: Of the pseudonyms.
    """
    features = {
        case_features.CASE_ID: _text([pseudonym(key, "case", case.case_id)]),
        case_features.PATIENT_ID: _text([pseudonym(key, "patient", case.patient_id)]),
        case_features.SITE: _text([case.site]),
        case_features.IMAGE: _bytes(image.encoded for image in images),
        case_features.IMAGE_COUNT: tf.train.Feature(
            int64_list=tf.train.Int64List(value=[len(images)])
        ),
        case_features.IMAGE_MEAN: _floats([image.mean for image in images]),
        case_features.IMAGE_CONTRAST: _floats([image.contrast for image in images]),
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
        features[case_features.KNOWN_FINDING] = _text(
            [
                f"{name}={value:.0f}"
                for name, value in zip(classes, case.findings, strict=True)
                if value is not None
            ]
        )
    return tf.train.Example(features=tf.train.Features(feature=features))


def _text(values: list[str]) -> tf.train.Feature:
    return _bytes(value.encode() for value in values)


def _bytes(values: Iterable[bytes]) -> tf.train.Feature:
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))


def _floats(values: list[float]) -> tf.train.Feature:
    return tf.train.Feature(float_list=tf.train.FloatList(value=values))
