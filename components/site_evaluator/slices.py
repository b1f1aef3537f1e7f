"""Which slices an evaluation has."""

import json

from components.case_predictor.predictions import (
    AGE_GROUP,
    DISTRIBUTION,
    IMAGE_COUNT,
    SEX,
    SITE,
    VIEW,
)
from trainer.errors import UserError

SLICE_FEATURES = (SITE, DISTRIBUTION, SEX, AGE_GROUP, VIEW, IMAGE_COUNT)
"""Every prediction has these; each is sliced by."""


def slice_crossings(slice_features: str) -> list[tuple[str, ...]]:
    """Returns the feature sets to slice by: all cases, every feature alone, and what is asked.

    Args:
        slice_features: JSON list of further crossings, each a list of features of the predictions:
            `[["scanner"], ["site", "sex"]]`.

    Raises:
        UserError: It is not such a list.
    """
    crossings = [(), *((feature,) for feature in SLICE_FEATURES)]
    try:
        asked = json.loads(slice_features)
    except json.JSONDecodeError as error:
        raise UserError(
            f"slice_features must be a JSON list. Received: {slice_features}"
        ) from error
    if not isinstance(asked, list):
        raise UserError(f"slice_features must be a list of lists. Received: {slice_features}")
    for crossing in asked:
        if not isinstance(crossing, list) or not all(isinstance(name, str) for name in crossing):
            raise UserError(
                "slice_features: each entry must be a list of features. "
                f"Received: {json.dumps(crossing)}"
            )
        crossings.append(tuple(sorted(crossing)))
    return list(dict.fromkeys(crossings))
