"""The images of a group, one by one, and the sample of a group that is too large."""

from collections.abc import Iterator
from dataclasses import dataclass

import tensorflow as tf

from components.pair_builder.draws import draw
from components.pair_builder.pairing import ImageTraits
from schemas import case_features

MAX_GROUP_IMAGES = 256
"""Of a case or patient with more images, a sample of so many is paired; bounds memory."""

_COPIED_FEATURES = (
    case_features.CASE_ID,
    case_features.PATIENT_ID,
    case_features.SITE,
    case_features.PIXEL_MEAN,
    case_features.PIXEL_STD,
)


@dataclass(frozen=True)
class GroupImage:
    """An image, and what its pair example says of its case.

    Attributes:
        case_id: Pseudonym.
        index: Among the images of the case.
        rank: Drawn; the smallest ranks of a group are its sample.
        traits: For the pair rule.
        site: Clinical site.
        encoded: JPEG.
        case: Serialized `tf.Example` of the features that a pair copies.
    """

    case_id: str
    index: int
    rank: int
    traits: ImageTraits
    site: str
    encoded: bytes
    case: bytes


def sampling_rank(image: GroupImage) -> int:
    """Returns what a sample goes by; a function by name, so that Beam can send it to workers."""
    return image.rank


def images_of_case(case: tf.train.Example, seed: int) -> Iterator[GroupImage]:
    """Yields the images of a transformed case. The visit is `unknown` in cases without any."""
    features = case.features.feature
    copied = tf.train.Example()
    for name in _COPIED_FEATURES:
        copied.features.feature[name].CopyFrom(features[name])
    header = copied.SerializeToString(deterministic=True)
    case_id = text_of(case, case_features.CASE_ID)
    site = text_of(case, case_features.SITE)
    images = features[case_features.IMAGE].bytes_list.value
    views = features[case_features.VIEW].bytes_list.value
    unknown = [case_features.UNKNOWN.encode()] * len(images)
    visits = list(features[case_features.VISIT].bytes_list.value) or unknown
    for index, (encoded, view, visit) in enumerate(zip(images, views, visits, strict=True)):
        traits = ImageTraits(view.decode(), visit.decode())
        rank = draw(seed, "sample", case_id, index)
        yield GroupImage(case_id, index, rank, traits, site, encoded, header)


def text_of(example: tf.train.Example, feature: str) -> str:
    """Returns the one text of a feature."""
    value: bytes = example.features.feature[feature].bytes_list.value[0]
    return value.decode()
