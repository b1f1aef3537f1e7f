"""What was paired for MICLe, a row a site."""

from collections.abc import Mapping
from typing import Any

from components.pair_builder.pairing import DIFFERENT_IMAGE, SINGLE_IMAGE
from components.pair_builder.statistics import (
    GROUPS,
    IMAGES,
    PAIRS_PER_GROUP,
    SEVERAL_IMAGE_GROUPS,
)

_COUNTED = (GROUPS, IMAGES, SEVERAL_IMAGE_GROUPS, DIFFERENT_IMAGE, SINGLE_IMAGE)


def pair_table(statistics: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the scope, the rounds, and the counts of each site.

    Args:
        statistics: Content of `pair_statistics.json`.
    """
    return {
        "pair_scope": statistics["pair_scope"],
        "rounds": statistics["rounds"],
        "sites": [_row(site, counts) for site, counts in statistics["sites"].items()],
    }


def _row(site: str, counts: Mapping[str, float]) -> dict[str, Any]:
    found = {name: int(counts.get(name, 0)) for name in _COUNTED}
    groups = found[GROUPS]
    return {
        "site": site,
        **found,
        "several_image_share": found[SEVERAL_IMAGE_GROUPS] / groups if groups else None,
        # Older steps have not counted them.
        PAIRS_PER_GROUP: counts.get(PAIRS_PER_GROUP),
    }
