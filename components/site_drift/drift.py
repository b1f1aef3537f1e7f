"""How far each site is from the others that training saw, feature by feature."""

from collections.abc import Mapping
from dataclasses import dataclass

from components.site_drift.distributions import Distance, SiteData, distance, pooled


@dataclass(frozen=True)
class FeatureDrift:
    """One feature of a site against the same of the training sites.

    Attributes:
        feature: `view`, `image_mean`, `known_finding:edema`, `case_feature:scanner`.
        distance: Of the two distributions.
    """

    feature: str
    distance: Distance


@dataclass(frozen=True)
class SiteDrift:
    """One site against the training sites.

    Attributes:
        site: Its name.
        held_out: Whether training never saw it; if not, it is compared with the other sites.
        cases: Of the site; few cases are far from any other by chance alone.
        features: Those that both sides know, by falling distance.
    """

    site: str
    held_out: bool
    cases: int
    features: tuple[FeatureDrift, ...]


def measure_drift(
    training: Mapping[str, SiteData], held_out: Mapping[str, SiteData]
) -> tuple[SiteDrift, ...]:
    """Compares every site with the cases that training saw at other sites.

    Args:
        training: By site, the cases that were trained on.
        held_out: By site, cases that were not.

    Returns:
        Held-out sites first, each kind by name. A training site without any other is left out.
    """
    seen = pooled(training.values())
    drifts = [_site_drift(name, True, data, seen) for name, data in sorted(held_out.items())]
    for name, data in sorted(training.items()):
        others = pooled(other for site, other in training.items() if site != name)
        drifts.append(_site_drift(name, False, data, others))
    return tuple(drift for drift in drifts if drift.features)


def _site_drift(name: str, held_out: bool, data: SiteData, reference: SiteData) -> SiteDrift:
    found = []
    for feature, distribution in sorted(data.features.items()):
        if feature in reference.features:
            measured = distance(distribution, reference.features[feature])
            if measured is not None:
                found.append(FeatureDrift(feature, measured))
    found.sort(key=lambda drift: -drift.distance.value)
    return SiteDrift(name, held_out, data.cases, tuple(found))
