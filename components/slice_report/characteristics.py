"""Who the evaluated cases are of, by site: sex and age."""

from collections.abc import Mapping
from typing import Any

from components.site_drift.distributions import Shares, SiteData
from schemas.case_features import AGE_GROUP, SEX

CHARACTERISTICS = (SEX, AGE_GROUP)


def characteristics(sites: Mapping[str, SiteData]) -> list[dict[str, Any]]:
    """Returns a row a site: cases by sex and by age group, where they are known.

    Args:
        sites: Of the evaluated cases, by name.
    """
    return [
        {
            "site": site,
            "cases": data.cases,
            **{name: _counts(data, name) for name in CHARACTERISTICS},
        }
        for site, data in sorted(sites.items())
    ]


def _counts(data: SiteData, feature: str) -> dict[str, int]:
    found = data.features.get(feature)
    if not isinstance(found, Shares):
        return {}
    return {value: round(count) for value, count in sorted(found.counts.items())}
