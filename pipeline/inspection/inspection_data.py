"""Everything the page of an inspection shows."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from components.case_example_gen.external_set import ExternalSet
from components.case_example_gen.manifest import ManifestRow, RowProblem, manifest_rows
from components.case_example_gen.settings import DataSettings
from pipeline.inspection.image_sample import (
    SiteImages,
    look_at_images,
    sample_rows,
)
from pipeline.inspection.site_contents import SiteContents, count_sites
from pipeline.inspection.site_drift import jensen_shannon_distance, share_distance
from trainer.errors import UserError

_SIZES_LISTED = 3

Histogram = npt.NDArray[np.float64]


def inspection_data(
    data: DataSettings, *, images_per_site: int, thumbnails_per_site: int
) -> dict[str, Any]:
    """Reads the manifests and a sample of the images.

    Args:
        data: The data set.
        images_per_site: Images decoded of each site.
        thumbnails_per_site: Of these, shown.

    Returns:
        `sites`: a dictionary a site, by falling number of cases; `classes`; `views`; `totals`.
        No identifier of a patient or case is in it.

    Raises:
        UserError: A manifest cannot be read or holds no row.
    """
    sites = count_sites((row for _, row in _rows(data)), data.classes)
    if not sites:
        raise UserError(f"{data.manifest}: no rows below the header.")
    located = ((folder, row) for folder, row in _rows(data) if isinstance(row, ManifestRow))
    looks = look_at_images(sample_rows(located, images_per_site))
    seen = [name for name in sites if name not in data.held_out_sites]
    views = sorted({view for contents in sites.values() for view in contents.views})
    return {
        "classes": list(data.classes),
        "views": views,
        "images_per_site": images_per_site,
        "totals": _totals(sites),
        "sites": [
            _site(
                name,
                contents,
                looks.get(name, SiteImages()),
                _Reference(sites, looks, [other for other in seen if other != name]),
                data,
                thumbnails_per_site,
            )
            for name, contents in sites.items()
        ],
    }


def _rows(data: DataSettings) -> Iterator[tuple[Path, ManifestRow | RowProblem]]:
    sources: tuple[ExternalSet | None, ...] = (None, *data.external)
    for external in sources:
        folder = Path((external or data).manifest).parent
        for row in manifest_rows(data, external):
            yield folder, row


class _Reference:
    """The other sites that training sees, to which a site is compared."""

    def __init__(
        self, sites: dict[str, SiteContents], looks: dict[str, SiteImages], names: list[str]
    ) -> None:
        self.positives: Counter[str] = Counter()
        self.known: Counter[str] = Counter()
        self.views: Counter[str] = Counter()
        for contents in (sites[name] for name in names):
            self.positives.update(_sizes(contents.positives))
            self.known.update(_sizes(contents.known))
            self.views.update(contents.views)
        found = [looks[name].histogram for name in names if name in looks]
        histograms = [histogram for histogram in found if histogram is not None]
        self.histogram: Histogram | None = np.mean(histograms, axis=0) if histograms else None


def _site(
    name: str,
    contents: SiteContents,
    images: SiteImages,
    reference: _Reference,
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
        "patients": len(contents.patients),
        "labelled_cases": len(contents.labelled_cases),
        "several_image_cases": contents.several_image_cases,
        "images_of_case": dict(sorted(Counter(contents.images_of_case.values()).items())),
        "classes": {
            label: {
                "positives": len(contents.positives[label]),
                "known": len(contents.known[label]),
                "prevalence": contents.prevalence(label),
            }
            for label in data.classes
        },
        "views": dict(contents.views),
        "sexes": dict(contents.sexes),
        "age_groups": dict(contents.age_groups),
        "decoded": len(images.looks),
        "bad_images": dict(images.bad),
        "modes": dict(Counter(look.mode for look in images.looks)),
        "sizes": [
            {"width": width, "height": height, "images": count}
            for (width, height), count in images.sizes.most_common(_SIZES_LISTED)
        ],
        "other_sizes": max(0, len(images.sizes) - _SIZES_LISTED),
        "histogram": None if histogram is None else histogram.tolist(),
        "distances": {
            "intensity": _intensity_distance(histogram, reference.histogram),
            "labels": _label_distance(contents, reference, data),
            "views": share_distance(contents.views, reference.views),
        },
        "thumbnails": images.data_uris(thumbnails),
    }


def _sizes(cases: Mapping[str, set[str]]) -> dict[str, int]:
    return {name: len(members) for name, members in cases.items()}


def _label_distance(
    contents: SiteContents, reference: _Reference, data: DataSettings
) -> float | None:
    """Of the classes' shares; of findings the mean over those that both sides know."""
    positives, known = _sizes(contents.positives), _sizes(contents.known)
    if data.task == "multi_class":
        return share_distance(positives, reference.positives)
    distances = [
        share_distance(
            {"with": positives.get(name, 0), "without": known[name] - positives.get(name, 0)},
            {
                "with": reference.positives[name],
                "without": reference.known[name] - reference.positives[name],
            },
        )
        for name in data.classes
        if known.get(name) and reference.known[name]
    ]
    return float(np.mean([d for d in distances if d is not None])) if distances else None


def _intensity_distance(first: Histogram | None, second: Histogram | None) -> float | None:
    if first is None or second is None:
        return None
    return jensen_shannon_distance(first, second)


def _totals(sites: dict[str, SiteContents]) -> dict[str, int]:
    return {
        "images": sum(contents.images for contents in sites.values()),
        "cases": sum(contents.cases for contents in sites.values()),
        "patients": len(set().union(*(contents.patients for contents in sites.values()))),
    }
