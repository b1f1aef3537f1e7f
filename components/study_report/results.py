"""The study's result as data: every number of the report, ready for JSON."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from components.site_evaluator.intervals import paired_difference
from components.site_evaluator.results import Estimate, Slice, site_slice
from components.site_evaluator.shift import ShiftLoss
from components.site_evaluator.sufficiency import MEANS
from components.slice_report.estimates import TOO_FEW, shown, without_number
from components.slice_report.study_excerpt import HELD_OUT_PLACE, STUDY_FORMAT
from components.study_report.arms import Trainable
from components.study_report.cost import ArmCost, cost_rows
from components.study_report.measurements import (
    HELD_OUT,
    IN_DISTRIBUTION,
    Condition,
    JudgedArm,
    Measurements,
)
from components.study_report.over_seeds import (
    SHARE,
    Bounds,
    of_difference,
    over_seeds,
    two_sided_p,
)
from components.study_report.question import StudyQuestion
from components.study_report.statistics import crossing_interval, first_crossing, holm
from schemas.case_features import TEST

GROUPS: dict[str, Slice] = {"in_distribution": IN_DISTRIBUTION, "held_out": HELD_OUT}


def study_results(
    study: StudyQuestion, judged: Sequence[JudgedArm], costs: Sequence[ArmCost]
) -> dict[str, Any]:
    """Returns what `schemas/study_report.schema.json` describes.

    Args:
        study: What was asked.
        judged: The arms that are finished, with their evaluations.
        costs: What they took; empty where nobody knows.
    """
    measurements = Measurements(judged, study.sample_limits)
    return {
        "schema_version": STUDY_FORMAT,
        "title": study.title,
        "task": study.task,
        "evaluation_split": study.evaluation_split,
        "metric": study.metric,
        "metrics": list(study.metrics),
        "baseline": study.baseline,
        "seeds": list(study.seeds),
        "label_fractions": sorted(study.label_fractions),
        "trainable": list(study.trainable),
        "arms": len(study.arms),
        "arms_finished": len(judged),
        "initialisations": [
            {
                "name": start.name,
                "steps": list(start.steps),
                "own_fine_tuning": list(start.own_fine_tuning),
            }
            for start in study.initialisations
        ],
        "results": _metric_rows(study, measurements),
        "contrasts": _contrast_rows(study, measurements),
        "label_efficiency": _efficiency_rows(study, measurements),
        "shift": _shift_rows(study, measurements),
        "classes": _class_rows(study, measurements),
        "cost": cost_rows(costs),
    }


def _metric_rows(study: StudyQuestion, measurements: Measurements) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for metric in study.metrics:
        for group, key in _groups(study).items():
            family = []
            for condition in measurements.conditions:
                baseline = measurements.metric(study.baseline, condition, key, metric)
                for start in study.starts:
                    own = measurements.metric(start, condition, key, metric)
                    if not measurements.seeds(start, condition):
                        continue
                    family.append(
                        {
                            "metric": metric,
                            "group": group,
                            **_of(start, condition),
                            "label_cases_fewest": min(measurements.label_cases(start, condition)),
                            "label_cases_most": max(measurements.label_cases(start, condition)),
                            "seeds": len(measurements.seeds(start, condition)),
                            "cases": measurements.cases(start, condition, key),
                            "estimate": _shown(own),
                            "by_seed": {str(seed): _finite(e.value) for seed, e in own.items()},
                            **_comparison(own, baseline, start == study.baseline),
                        }
                    )
            _correct(family)
            rows.extend(family)
    return rows


def _contrast_rows(study: StudyQuestion, measurements: Measurements) -> list[dict[str, Any]]:
    """Returns each pair's difference, first minus second, at every condition that both have."""
    rows: list[dict[str, Any]] = []
    for metric in study.metrics:
        for group, key in _groups(study).items():
            family = []
            for condition in measurements.conditions:
                for first, second in study.contrasts:
                    own = measurements.metric(first, condition, key, metric)
                    other = measurements.metric(second, condition, key, metric)
                    if not set(own) & set(other):
                        continue
                    family.append(
                        {
                            "metric": metric,
                            "group": group,
                            **_of(first, condition),
                            "against": second,
                            "seeds": len(set(own) & set(other)),
                            **_comparison(own, other, is_baseline=False),
                        }
                    )
            _correct(family)
            rows.extend(family)
    return rows


def _groups(study: StudyQuestion) -> dict[str, Slice]:
    """Returns what is evaluated: validation cases are of the sites of training only."""
    held_out = study.evaluation_split == TEST
    return GROUPS if held_out else {"in_distribution": IN_DISTRIBUTION}


def _of(start: str, condition: Condition) -> dict[str, Any]:
    return {
        "initialisation": start,
        "trainable": condition.trainable,
        "label_fraction": condition.label_fraction,
    }


def _comparison(
    own: Mapping[int, Estimate],
    baseline: Mapping[int, Estimate],
    is_baseline: bool,
    bounds: Bounds = SHARE,
) -> dict[str, Any]:
    """Returns difference and p-value over the seeds that both have; nothing for the baseline.

    `bounds` are those of the two, not of their difference.
    """
    if is_baseline:
        return {"difference": None, "p_value": None, "p_holm": None}
    shared = [seed for seed in own if seed in baseline]
    if not shared:
        return {"difference": without_number(TOO_FEW), "p_value": None, "p_holm": None}
    differences = [paired_difference(own[seed], baseline[seed]) for seed in shared]
    return {
        "difference": shown(over_seeds(differences, of_difference(bounds)), enough=True),
        "p_value": _finite(two_sided_p(differences)),
        "p_holm": None,
    }


def _correct(rows: list[dict[str, Any]]) -> None:
    """Fills in the corrected p-values; the rows are one family of comparisons."""
    p_values = [math.nan if row["p_value"] is None else row["p_value"] for row in rows]
    for row, corrected in zip(rows, holm(p_values), strict=True):
        row["p_holm"] = _finite(corrected)


def _efficiency_rows(study: StudyQuestion, measurements: Measurements) -> list[dict[str, Any]]:
    """Returns for each start the share of labels at which it is as good as the baseline with all.

    In distribution, by the study's metric, with its interval over patients.
    """
    found = []
    most = max(study.label_fractions)
    for trainable in study.trainable:
        curves = {start: _curve(study, measurements, start, trainable) for start in study.starts}
        target = curves[study.baseline].get(most)
        if target is None:
            continue
        for start, curve in curves.items():
            if not curve:
                continue
            crossing = first_crossing(list(curve), [e.value for e in curve.values()], target.value)
            replicates = np.stack([estimate.replicates for estimate in curve.values()])
            ends = crossing_interval(list(curve), replicates, target.replicates)
            lower, upper = ends or (None, None)
            found.append(
                {
                    "metric": study.metric,
                    "initialisation": start,
                    "trainable": trainable,
                    "target": target.value,
                    "target_fraction": most,
                    "status": crossing.status,
                    "label_fraction": crossing.fraction,
                    "lower_status": lower and lower.status,
                    "lower": lower and lower.fraction,
                    "upper_status": upper and upper.status,
                    "upper": upper and upper.fraction,
                }
            )
    return found


def _curve(
    study: StudyQuestion, measurements: Measurements, start: str, trainable: Trainable
) -> dict[float, Estimate]:
    """Returns the metric in distribution by share of the labels, rising, where it has a number."""
    curve = {}
    for fraction in sorted(study.label_fractions):
        condition = Condition(trainable, fraction)
        by_seed = measurements.metric(start, condition, IN_DISTRIBUTION, study.metric)
        if by_seed:
            curve[fraction] = over_seeds(list(by_seed.values()), SHARE)
    return {fraction: found for fraction, found in curve.items() if math.isfinite(found.value)}


def _shift_rows(study: StudyQuestion, measurements: Measurements) -> list[dict[str, Any]]:
    """Returns the loss of the study's metric at all held-out sites together, and at each.

    The value in distribution less that of the place is the loss: a mean is over the same classes.

    Where there is one, the two are the same, and stand there once. Nothing on validation.
    """
    if study.evaluation_split != TEST:
        return []
    held_out = set(study.held_out_sites)
    places = {HELD_OUT_PLACE: HELD_OUT}
    sites = [site for site in measurements.sites() if site in held_out]
    if len(sites) == 1:
        places = {sites[0]: HELD_OUT}
    else:
        places |= {site: site_slice(site) for site in sites}
    rows = []
    for place, key in places.items():
        for condition in measurements.conditions:
            baseline = measurements.shift(study.baseline, condition, key, study.metric)
            for start in study.starts:
                if not measurements.seeds(start, condition):
                    continue
                own = measurements.shift(start, condition, key, study.metric)
                rows.append(
                    {
                        "metric": study.metric,
                        "place": place,
                        **_of(start, condition),
                        "seeds": len(measurements.seeds(start, condition)),
                        "cases": measurements.cases(start, condition, key),
                        "classes": _fewer_classes(study, own),
                        "in_distribution": _shown(
                            {s: lost.inside_value for s, lost in own.items()}
                        ),
                        "estimate": _shown({s: lost.outside_value for s, lost in own.items()}),
                        "loss": _shown(_losses(own), of_difference(SHARE)),
                        **_comparison(
                            _losses(own),
                            _losses(baseline),
                            start == study.baseline,
                            of_difference(SHARE),
                        ),
                    }
                )
    _correct(rows)
    return rows


def _losses(by_seed: Mapping[int, ShiftLoss]) -> dict[int, Estimate]:
    return {seed: lost.loss for seed, lost in by_seed.items()}


def _fewer_classes(study: StudyQuestion, by_seed: Mapping[int, ShiftLoss]) -> list[str]:
    """Returns the classes that a mean is over where these are not all; they differ by no seed."""
    if study.metric not in MEANS or not by_seed:
        return []
    compared = next(iter(by_seed.values())).classes
    return [] if len(compared) == len(study.classes) else list(compared)


def _class_rows(study: StudyQuestion, measurements: Measurements) -> list[dict[str, Any]]:
    """Returns the AUC of each class in distribution, beside the baseline's."""
    rows = []
    for condition in measurements.conditions:
        for name in study.classes:
            metric = f"auc:{name}"
            of_baseline = measurements.metric(study.baseline, condition, IN_DISTRIBUTION, metric)
            for start in study.starts:
                if not measurements.seeds(start, condition):
                    continue
                own = measurements.metric(start, condition, IN_DISTRIBUTION, metric)
                rows.append(
                    {
                        "metric": "auc",
                        "class": name,
                        **_of(start, condition),
                        "seeds": len(measurements.seeds(start, condition)),
                        "estimate": _shown(own),
                        **_comparison(own, of_baseline, start == study.baseline),
                    }
                )
    _correct(rows)
    return rows


def _shown(by_seed: Mapping[int, Estimate], bounds: Bounds = SHARE) -> dict[str, Any]:
    if not by_seed:
        return without_number(TOO_FEW)
    return shown(over_seeds(list(by_seed.values()), bounds), enough=True)


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None
