"""Which slices an evaluation has."""

import json

from components.case_predictor.predictions import AGE_GROUP, DISTRIBUTION, IMAGE_COUNT, SEX, SITE
from trainer.errors import UserError

SLICE_FEATURES = (SITE, DISTRIBUTION, SEX, AGE_GROUP, IMAGE_COUNT)


def slice_crossings(slice_features: str) -> list[tuple[str, ...]]:
    """Returns the feature sets to slice by: all cases, every feature alone, and what is asked.

    Args:
        slice_features: JSON list of further crossings, each a list of features:
            `[["site", "sex"]]`.

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
        if not isinstance(crossing, list) or not set(crossing) <= set(SLICE_FEATURES):
            raise UserError(
                f"slice_features: each entry must be a list of features out of "
                f"{', '.join(SLICE_FEATURES)}. Received: {json.dumps(crossing)}"
            )
        crossings.append(tuple(sorted(crossing)))
    return list(dict.fromkeys(crossings))
