"""Who the evaluated cases are of, by site: sex, age, views, what else describes a case, images."""

from collections.abc import Mapping
from typing import Any

from components.site_drift.distributions import Numbers, Shares, SiteData
from schemas.case_features import (
    AGE_GROUP,
    CASE_FEATURE,
    IMAGE_CONTRAST,
    IMAGE_MEAN,
    SEX,
    VIEW,
)

_OF_CASES = (SEX, AGE_GROUP)
_OF_IMAGES = (VIEW,)
_STATISTICS_OF_IMAGES = (IMAGE_MEAN, IMAGE_CONTRAST)
_NAMED = f"{CASE_FEATURE}:"


def characteristics(sites: Mapping[str, SiteData]) -> list[dict[str, Any]]:
    """Returns a row a site: how often each value of each feature is there, and how often none is.

    Besides, the mean over its images of their grey value (0 black to 1 white) and of its standard
    deviation.

    Sex and age group are always there; views, and features that the configuration names (such as
    the scanner, or how the label came about), where some site states them.

    Args:
        sites: Of the evaluated cases, by name.
    """
    features = _features(sites)
    return [
        {
            "site": site,
            "cases": data.cases,
            "features": {name: _counts(data, name) for name in features},
            "image_statistics": {name: _mean(data, name) for name in _STATISTICS_OF_IMAGES},
        }
        for site, data in sorted(sites.items())
    ]


def _features(sites: Mapping[str, SiteData]) -> list[str]:
    stated = {
        name
        for data in sites.values()
        for name, found in data.features.items()
        if isinstance(found, Shares) and found.total
    }
    named = sorted(name for name in stated if name.startswith(_NAMED))
    return [*_OF_CASES, *(name for name in _OF_IMAGES if name in stated), *named]


def _mean(data: SiteData, feature: str) -> float | None:
    found = data.features.get(feature)
    return found.mean if isinstance(found, Numbers) and found.total else None


def _counts(data: SiteData, feature: str) -> dict[str, Any]:
    found = data.features.get(feature)
    values = found.counts if isinstance(found, Shares) else {}
    counts = {value: round(count) for value, count in sorted(values.items())}
    # A case has views as often as images, so what is unknown of them cannot be had from the cases.
    unknown = None if feature in _OF_IMAGES else data.cases - sum(counts.values())
    return {"counts": counts, "unknown": unknown}
