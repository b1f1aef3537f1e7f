"""Inputs of a report whose tables add up: cases at ingestion, by site, by sex and by change."""

import dataclasses

import numpy as np

from components.case_example_gen.ingestion_report import (
    IngestionReport,
    QuarantinedImage,
    ReceivedCount,
    SplitCount,
    count_quarantined,
)
from components.site_drift.distributions import Shares, SiteData
from components.site_evaluator.results import Estimate, Reclassified
from tests.components.slice_report.simulated_evaluation import (
    HELD_OUT,
    REPLICATES,
    SETTINGS,
    SITES,
    simulated_evaluation,
    simulated_inputs,
)


def consistent_inputs(task, sites=SITES, below=10):
    """Returns inputs of candidate, baseline and champion; small counts are withheld below `below`.

    Every site trains but the held-out one; each of the others leaves out some images.
    """
    inputs = simulated_inputs(task)
    candidate = simulated_evaluation(task, "MICLe", 1.5, 0.5, sites, crossed=True)
    other = simulated_evaluation(task, "random initialisation", 0.9, 0.8, sites, crossed=True)
    champion = dataclasses.replace(
        other, card=dataclasses.replace(other.card, model_name="SimCLR", model_digest="f" * 64)
    )
    return dataclasses.replace(
        inputs,
        candidate=candidate,
        baseline=other,
        champion=with_changes(champion, sites),
        ingestion=ingestion_of(sites),
        evaluated_sites={site: _site(candidate, site) for site in sites},
        pairs=None,
        settings=dataclasses.replace(
            SETTINGS, suppress_counts_below=below, deployment_prevalence={}
        ),
    )


def ingestion_of(sites):
    counts, bad = [], []
    for place, (site, cases) in enumerate(sites.items()):
        evaluated = "shifted" if site in HELD_OUT else "test"
        several = cases // 2
        counts.append(
            SplitCount(site, evaluated, cases, cases - 1, cases + several, cases, several)
        )
        if site not in HELD_OUT:
            train = 2 * cases + 3
            counts.append(SplitCount(site, "train", train, train, train + 4, train - 5, 4))
        bad += [QuarantinedImage(1, site, "cannot be decoded", "x")] * (2 + 7 * place)
    quarantined = count_quarantined(tuple(bad))
    images = sum(count.images for count in counts)
    cases = sum(count.cases for count in counts)
    patients = sum(count.patients for count in counts)
    return IngestionReport(
        received_images=images + len(bad),
        received_cases=cases + 3,
        quarantined=quarantined,
        first_quarantined=(),
        lost_cases=3,
        counts=tuple(counts),
        received_patients=patients + 2,
        kept_patients=patients,
        received=tuple(_received(site, place, counts, bad) for place, site in enumerate(sites)),
    )


def _received(site, place, counts, bad):
    """Of the first site three cases are lost, of these two patients."""
    kept = [count for count in counts if count.site == site]
    return ReceivedCount(
        site,
        images=sum(count.images for count in kept) + sum(image.site == site for image in bad),
        cases=sum(count.cases for count in kept) + (3 if place == 0 else 0),
        patients=sum(count.patients for count in kept) + (2 if place == 0 else 0),
    )


def with_changes(champion, sites):
    """Adds what the candidate changes: counts of each site at random, of more sites their sum."""
    random = np.random.default_rng(3)
    ways = ("operating_point", "predicted_class")[: 1 + (champion.card.task == "multi_class")]
    classes = champion.card.classes
    drawn = {site: random.integers(0, 14, (len(ways), len(classes), 4)) for site in sites}
    drawn = {site: np.minimum(counts, sites[site] // 8) for site, counts in drawn.items()}
    members = {
        (): list(sites),
        (("distribution", "in_distribution"),): [s for s in sites if s not in HELD_OUT],
        (("distribution", "shifted"),): list(HELD_OUT),
        **{(("site", site),): [site] for site in sites},
    }
    slices = dict(champion.slices)
    for key, names in members.items():
        counts = sum(drawn[name] for name in names)
        slices[key] = dataclasses.replace(
            slices[key],
            reclassified={
                way: {
                    name: _changes(counts[i, j], slices[key].classes[name])
                    for j, name in enumerate(classes)
                }
                for i, way in enumerate(ways)
            },
        )
    return dataclasses.replace(champion, slices=slices)


def _changes(counts, of_class):
    found, missed, alarm, cleared = (int(count) for count in counts)
    return Reclassified(
        *(found, missed, alarm, cleared),
        net_found=_share(found - missed, of_class.positives),
        net_cleared=_share(cleared - alarm, of_class.negatives),
    )


def _share(net, cases):
    value = net / cases if cases else np.nan
    return Estimate(value, value, value, np.full(REPLICATES, value))


def _site(evaluation, site):
    sexes = {
        dict(key)["sex"]: metrics.cases
        for key, metrics in evaluation.slices.items()
        if dict(key).keys() == {"sex", "site"} and dict(key)["site"] == site
    }
    cases = sum(sexes.values())
    rare = min(4, cases)
    return SiteData(
        cases,
        {
            "sex": Shares(dict(sexes)),
            "case_feature:scanner": Shares({"A <i>": rare, "B": cases - rare}),
        },
    )
