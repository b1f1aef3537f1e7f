"""Everything the page of an inspection shows."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from components.case_example_gen.external_set import ExternalSet
from components.case_example_gen.manifest import ManifestRow, RowProblem, manifest_rows
from components.case_example_gen.settings import DataSettings
from components.site_drift.distributions import SiteData
from components.slice_report.drift import drift_rows
from pipeline.inspection.image_sample import (
    SiteImages,
    look_at_images,
    sample_rows,
)
from pipeline.inspection.manifest_drift import manifest_drift, site_data
from pipeline.inspection.site_contents import ManifestContents, SiteContents, count_sites
from trainer.errors import UserError

_SIZES_LISTED = 3


def inspection_data(
    data: DataSettings,
    *,
    images_per_site: int,
    thumbnails_per_site: int,
    training: Mapping[str, SiteData] | None = None,
) -> dict[str, Any]:
    """Reads the manifests and a sample of the images.

    Args:
        data: The data set.
        images_per_site: Images decoded of each site.
        thumbnails_per_site: Of these, shown.
        training: What a finished run was trained on, by site, to compare every site with; None
            compares with the sites of this data set that training sees.

    Returns:
        `sites`: a dictionary a site, by falling number of cases; `drift`: as in a report;
        `classes`; `views`; `totals`.
        No identifier of a patient or case is in it.

    Raises:
        UserError: A manifest cannot be read or holds no row.
    """
    contents = count_sites((row for _, row in _rows(data)), data)
    if not contents.sites:
        raise UserError(f"{data.manifest}: no rows below the header.")
    located = ((folder, row) for folder, row in _rows(data) if isinstance(row, ManifestRow))
    looks = look_at_images(sample_rows(located, images_per_site))
    described = {
        name: site_data(site, looks.get(name, SiteImages()), data)
        for name, site in contents.sites.items()
    }
    drift = manifest_drift(described, data.held_out_sites, training)
    views = sorted({view for site in contents.sites.values() for view in site.views})
    return {
        "classes": list(data.classes),
        "views": views,
        "images_per_site": images_per_site,
        "totals": _totals(contents),
        "drift": drift_rows(drift, min_cases=1),
        "sites": [
            _site(name, site, looks.get(name, SiteImages()), data, thumbnails_per_site)
            for name, site in contents.sites.items()
        ],
    }


def _rows(data: DataSettings) -> Iterator[tuple[Path, ManifestRow | RowProblem]]:
    sources: tuple[ExternalSet | None, ...] = (None, *data.external)
    for external in sources:
        folder = Path((external or data).manifest).parent
        for row in manifest_rows(data, external):
            yield folder, row


def _site(
    name: str,
    contents: SiteContents,
    images: SiteImages,
    data: DataSettings,
    thumbnails: int,
) -> dict[str, Any]:
    histogram = images.histogram
    return {
        "name": name,
        "held_out": name in data.held_out_sites,
        "images": contents.images,
        "bad_rows": contents.bad_rows,
        "cases": contents.cases,
        "patients": contents.patients,
        "labelled_cases": contents.labelled_cases,
        "several_image_cases": contents.several_image_cases,
        "images_of_case": dict(sorted(contents.cases_by_images.items())),
        "classes": {
            label: {
                "positives": contents.positives[label],
                "known": contents.known[label],
                "prevalence": contents.prevalence(label),
            }
            for label in data.classes
        },
        "views": dict(contents.views),
        "sexes": dict(contents.sexes),
        "age_groups": dict(contents.age_groups),
        "decoded": len(images.looks),
        "bad_images": dict(images.bad),
        "modes": [
            {"mode": mode, "bits": bits, "images": count}
            for (mode, bits), count in images.modes.most_common()
        ],
        "sizes": [
            {"width": width, "height": height, "images": count}
            for (width, height), count in images.sizes.most_common(_SIZES_LISTED)
        ],
        "other_sizes": max(0, len(images.sizes) - _SIZES_LISTED),
        "histogram": None if histogram is None else histogram.tolist(),
        "thumbnails": images.data_uris(thumbnails),
    }


def _totals(contents: ManifestContents) -> dict[str, int]:
    return {
        "images": sum(site.images for site in contents.sites.values()),
        "cases": sum(site.cases for site in contents.sites.values()),
        "patients": contents.patients,
    }
