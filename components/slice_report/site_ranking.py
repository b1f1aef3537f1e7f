"""Which site is worst, and how far the sites lie apart: all by the same classes.

A site's mean over classes leaves out those with too few cases there, so means as they stand in the
table may be over other classes at each site, and rank no sites.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components.case_predictor import predictions
from components.site_evaluator.intervals import mean_estimate, paired_difference
from components.site_evaluator.results import Estimate, Evaluation, site_slice
from components.site_evaluator.sufficiency import MEANS, SampleLimits, averaged_classes
from components.slice_report import estimates


@dataclass(frozen=True)
class RankedSite:
    """A site with enough cases for the metric.

    Attributes:
        site: Its name.
        cases: Of the site.
        estimate: The metric, over the classes of the ranking.
    """

    site: str
    cases: int
    estimate: Estimate


@dataclass(frozen=True)
class SiteRanking:
    """Sites by one metric.

    Attributes:
        metric: Of the whole slice.
        sites: From the lowest; empty where the sites' means cannot be had over the same classes.
        classes: What the mean is over, where it leaves out some that a site has; else empty.
    """

    metric: str
    sites: tuple[RankedSite, ...]
    classes: tuple[str, ...] = ()


def rank_sites(
    candidate: Evaluation, entries: list[dict[str, Any]], metric: str, limits: SampleLimits
) -> SiteRanking | None:
    """Returns the sites by the candidate's metric; None if it is estimated at none.

    Where the sites' means are over different classes they are taken anew over the shared ones, if
    all of these may be shown. Balanced accuracy is stored only as a whole, so then it ranks none.

    Args:
        candidate: Its evaluation.
        entries: Of the slices, as they are shown; see `slice_entries`.
        metric: Of the whole slice.
        limits: What is enough for a class to be in a mean.
    """
    shown = {
        entry["features"][predictions.SITE]: entry
        for entry in entries
        if entry["kind"] == "site"
        and "candidate" in entry["models"]
        and entry["models"]["candidate"]["metrics"][metric]["status"] == estimates.ESTIMATED
    }
    if not shown:
        return None
    slices = {site: candidate.slices[site_slice(site)] for site in shown}
    averaged = [averaged_classes(metric, of_site, limits) for of_site in slices.values()]
    shared = tuple(name for name in averaged[0] if all(name in names for names in averaged))
    if all(len(names) == len(shared) for names in averaged):
        of_sites = {site: of_site.metrics[metric] for site, of_site in slices.items()}
        return SiteRanking(metric, _ranked(of_sites, shown))
    if metric not in MEANS or not shared or not _are_shown(shared, metric, shown):
        return SiteRanking(metric, ())
    of_sites = {
        site: mean_estimate([getattr(of_site.classes[name], MEANS[metric]) for name in shared])
        for site, of_site in slices.items()
    }
    return SiteRanking(metric, _ranked(of_sites, shown), shared)


def _are_shown(
    classes: tuple[str, ...], metric: str, entries: Mapping[str, dict[str, Any]]
) -> bool:
    """Whether no site's value of a class is withheld: a mean over few would tell it."""
    return all(
        entry["models"]["candidate"]["classes"][name][MEANS[metric]]["status"]
        == estimates.ESTIMATED
        for entry in entries.values()
        for name in classes
    )


def _ranked(
    of_sites: Mapping[str, Estimate], entries: Mapping[str, dict[str, Any]]
) -> tuple[RankedSite, ...]:
    ranked = [RankedSite(site, entries[site]["cases"], found) for site, found in of_sites.items()]
    return tuple(sorted(ranked, key=lambda one: one.estimate.value))


def heterogeneity(ranking: SiteRanking | None) -> dict[str, Any] | None:
    """Returns the best and the worst site and their difference; None with fewer than two sites."""
    if ranking is None or len(ranking.sites) < 2:
        return None
    lowest, highest = ranking.sites[0], ranking.sites[-1]
    gap = paired_difference(highest.estimate, lowest.estimate)
    return {
        "metric": ranking.metric,
        "sites": len(ranking.sites),
        "classes": list(ranking.classes),
        "lowest": {"site": lowest.site, **estimates.shown(lowest.estimate, enough=True)},
        "highest": {"site": highest.site, **estimates.shown(highest.estimate, enough=True)},
        "gap": estimates.shown(gap, enough=True),
    }
