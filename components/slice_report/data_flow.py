"""What became of the data, as in a STARD flow diagram, and who is in each site."""

import dataclasses
from collections import Counter
from typing import Any

from components.case_example_gen.ingestion_report import (
    IngestionReport,
    ReceivedCount,
    SplitCount,
)
from schemas.case_features import SHIFTED, SPLITS, TEST

_COUNTED = ("cases", "patients", "images", "labelled_cases", "several_image_cases")
_STEP = ("images", "cases", "patients")


def data_flow(report: IngestionReport) -> dict[str, Any]:
    """Returns images, cases and patients received, left out by reason and site, and kept by split.

    Rows, file names and details of quarantined images stay behind: they may identify a patient.
    """
    kept_images = sum(count.images for count in report.counts)
    kept_cases = sum(count.cases for count in report.counts)
    return {
        "received": {
            "images": report.received_images,
            "cases": report.received_cases,
            "patients": report.received_patients,
        },
        "quarantined_images": report.quarantined_images,
        "quarantined": [dataclasses.asdict(count) for count in report.quarantined],
        "lost_cases": report.lost_cases,
        "lost_patients": _lost_patients(report),
        "kept": {"images": kept_images, "cases": kept_cases, "patients": report.kept_patients},
        # Not 0 only if the input component lost something without saying so.
        "unaccounted": {
            "images": report.received_images - report.quarantined_images - kept_images,
            "cases": report.received_cases - report.lost_cases - kept_cases,
        },
        "splits": [
            {"split": split, **_total([c for c in report.counts if c.split == split])}
            for split in _splits(report)
        ],
        "by_site": [_at_site(received, report) for received in report.received],
        "text_in_pixels": [dataclasses.asdict(count) for count in report.text_in_pixels],
    }


def population(report: IngestionReport) -> list[dict[str, Any]]:
    """Returns a row a site: what was kept over all splits, and what was left out."""
    left_out: Counter[str] = Counter()
    for count in report.quarantined:
        left_out[count.site] += count.images
    sites = sorted({count.site for count in report.counts} | set(left_out))
    return [
        {
            "site": site,
            **_total([count for count in report.counts if count.site == site]),
            "quarantined_images": left_out[site],
            "quarantined": _reasons(report, site),
            "splits": {
                count.split: {"cases": count.cases, "patients": count.patients}
                for count in report.counts
                if count.site == site
            },
        }
        for site in sites
    ]


def _lost_patients(report: IngestionReport) -> int | None:
    if report.received_patients is None or report.kept_patients is None:
        return None
    return report.received_patients - report.kept_patients


def _at_site(received: ReceivedCount, report: IngestionReport) -> dict[str, Any]:
    counts = [count for count in report.counts if count.site == received.site]
    kept = _total(counts)
    evaluated = _total([count for count in counts if count.split in (TEST, SHIFTED)])
    return {
        "site": received.site,
        "received": {name: getattr(received, name) for name in _STEP},
        "left_out": {name: getattr(received, name) - kept[name] for name in _STEP},
        "kept": {name: kept[name] for name in _STEP},
        "evaluated": {name: evaluated[name] for name in _STEP},
    }


def _reasons(report: IngestionReport, site: str) -> dict[str, int]:
    reasons = {c.reason: c.images for c in report.quarantined if c.site == site}
    return dict(sorted(reasons.items()))


def _splits(report: IngestionReport) -> list[str]:
    present = {count.split for count in report.counts}
    return [split for split in SPLITS if split in present] + sorted(present - set(SPLITS))


def _total(counts: list[SplitCount]) -> dict[str, int]:
    return {name: sum(getattr(count, name) for count in counts) for name in _COUNTED}
