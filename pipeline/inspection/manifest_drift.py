"""How far the sites of a manifest are from training sites: its own, or those of a finished run."""

import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from components.case_example_gen.settings import DataSettings
from components.site_drift.distributions import (
    Distribution,
    Shares,
    SiteData,
    known_shares,
    numbers_of,
)
from components.site_drift.drift import SiteDrift, measure_drift
from pipeline.inspection.image_sample import SiteImages
from pipeline.inspection.site_contents import SiteContents
from schemas import case_features
from trainer.errors import UserError

STATISTICS_STEP = "medical-statistics"


def site_data(contents: SiteContents, images: SiteImages, data: DataSettings) -> SiteData:
    """Returns what the run's statistics would hold of a site; brightness is that of the sample."""
    features: dict[str, Distribution] = {
        case_features.VIEW: known_shares(contents.views),
        case_features.SEX: known_shares(contents.sexes),
        case_features.AGE_GROUP: known_shares(contents.age_groups),
        case_features.IMAGE_COUNT: Shares(
            Counter({str(images): cases for images, cases in contents.cases_by_images.items()})
        ),
    }
    for name, values in contents.case_features.items():
        features[f"{case_features.CASE_FEATURE}:{name}"] = known_shares(values)
    if data.task == "multi_class":
        features[case_features.LABEL] = Shares(contents.positives)
    else:
        for name, known in contents.known.items():
            present = contents.positives[name]
            counts = {"1": present, "0": known - present}
            features[f"{case_features.KNOWN_FINDING}:{name}"] = Shares(counts)
    if images.looks:
        features[case_features.IMAGE_MEAN] = numbers_of([look.mean for look in images.looks])
        contrasts = [look.contrast for look in images.looks]
        features[case_features.IMAGE_CONTRAST] = numbers_of(contrasts)
    return SiteData(contents.cases, features)


def manifest_drift(
    sites: Mapping[str, SiteData],
    held_out: Iterable[str],
    training: Mapping[str, SiteData] | None = None,
) -> tuple[SiteDrift, ...]:
    """Compares the sites of a manifest.

    Args:
        sites: Of the manifest.
        held_out: Those that training never sees.
        training: Of a finished run, with which every site is then compared as a new one; None
            compares with those of the manifest that training sees.
    """
    if training is not None:
        drifts = (drift for drift in measure_drift(training, sites) if drift.held_out)
        # New to the run, but not held out by anybody.
        return tuple(dataclasses.replace(drift, held_out=False) for drift in drifts)
    outside = set(held_out)
    return measure_drift(
        {name: site for name, site in sites.items() if name not in outside},
        {name: site for name, site in sites.items() if name in outside},
    )


def training_sites_of_run(run: Path) -> dict[str, SiteData]:
    """Returns what a run's training saw, by site, from the statistics of its newest start.

    Args:
        run: The run's folder.

    Raises:
        UserError: There is no run, or it has not come as far as its statistics.
    """
    # They load TensorFlow, which an inspection of a manifest alone does without.
    from components.site_drift.statistics_reader import read_sites
    from pipeline.submission.local_metadata import read_newest_run

    _, steps = read_newest_run(run / "metadata.sqlite")
    uris = [
        artifact.uri
        for step in steps
        if step.step == STATISTICS_STEP
        for artifact in step.outputs
        if artifact.name == "statistics"
    ]
    sites = read_sites(uris[-1], case_features.TRAIN) if uris else {}
    if not sites:
        raise UserError(
            f"{run}: has no statistics by site yet (step {STATISTICS_STEP}). Run 'micle run' with "
            "its configuration again."
        )
    return sites
