"""Who was examined: patients, their cases, what each case has, and which views were taken."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pipeline.demo_data.anatomy import Anatomy, sample_anatomy
from pipeline.demo_data.findings import FINDINGS, Disease, sample_disease
from pipeline.demo_data.sites import Site

_IMAGES_PER_CASE = (0.28, 0.22, 0.20, 0.17, 0.13)
_SECOND_CASE = 0.12
_UNKNOWN_LABEL = 0.08
_UNKNOWN_SEX_OR_AGE = 0.03


@dataclass(frozen=True)
class DemoCase:
    """One examination.

    Attributes:
        case_id: Invented.
        patient_id: Invented; the same for the two cases of a patient.
        site: Where.
        sex: `female`, `male`, or empty (unknown).
        age: Years, or empty (unknown).
        labels: Per finding `1`, `0`, or empty (unknown).
        views: One per image.
        anatomy: The patient's; the same in all their images.
        disease: What the images show.
    """

    case_id: str
    patient_id: str
    site: Site
    sex: str
    age: str
    labels: dict[str, str]
    views: tuple[str, ...]
    anatomy: Anatomy
    disease: Disease


def sample_cases(rng: np.random.Generator, site: Site, count: int) -> Iterator[DemoCase]:
    """Draws the cases of a site; one patient in eight comes twice, with findings that last.

    Args:
        rng: Source of randomness.
        site: Where.
        count: Cases.

    Yields:
        The cases, those of one patient in a row.
    """
    patient, made = 0, 0
    while made < count:
        patient += 1
        visits = min(1 + (rng.random() < _SECOND_CASE), count - made)
        yield from _patient(rng, site, f"{site.name}-{patient:03d}", visits)
        made += visits


def _patient(
    rng: np.random.Generator, site: Site, patient_id: str, visits: int
) -> Iterator[DemoCase]:
    sex = "female" if rng.random() < 0.48 else "male"
    age = int(np.clip(rng.normal(58, 18), 18, 95))
    anatomy = sample_anatomy(rng, sex, age)
    present = dict.fromkeys(FINDINGS, False)
    for visit in range(visits):
        present = _findings(rng, site, age, present)
        yield DemoCase(
            case_id=f"{patient_id}-{visit + 1}",
            patient_id=patient_id,
            site=site,
            sex=_or_unknown(rng, sex, _UNKNOWN_SEX_OR_AGE),
            age=_or_unknown(rng, str(age), _UNKNOWN_SEX_OR_AGE),
            labels={
                finding: _or_unknown(rng, str(int(value)), _UNKNOWN_LABEL)
                for finding, value in present.items()
            },
            views=_views(rng, site),
            anatomy=anatomy,
            disease=sample_disease(rng, present),
        )


def _findings(
    rng: np.random.Generator, site: Site, age: int, before: dict[str, bool]
) -> dict[str, bool]:
    """Effusion and a large heart grow more frequent with age; what was there often still is."""
    by_age = {"effusion": age / 58, "cardiomegaly": age / 58}
    present = {}
    for finding in FINDINGS:
        chance = min(site.prevalence[finding] * by_age.get(finding, 1.0), 0.9)
        present[finding] = bool(rng.random() < (0.7 if before[finding] else chance))
    return present


def _views(rng: np.random.Generator, site: Site) -> tuple[str, ...]:
    count = 1 + rng.choice(len(_IMAGES_PER_CASE), p=_IMAGES_PER_CASE)
    # A chest is first seen from the front or the back; further images may come from anywhere.
    frontal = site.views["PA"] / (site.views["PA"] + site.views["AP"])
    first = "PA" if rng.random() < frontal else "AP"
    others = rng.choice(list(site.views), size=count - 1, p=list(site.views.values()))
    return (first, *(str(view) for view in others))


def _or_unknown(rng: np.random.Generator, value: str, chance: float) -> str:
    return "" if rng.random() < chance else value
