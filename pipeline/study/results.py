"""The study's result as data: every number of the report, ready for JSON."""

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from components.site_evaluator.intervals import paired_difference
from components.site_evaluator.results import Estimate, Slice, site_slice
from components.site_evaluator.shift import ShiftLoss
from components.site_evaluator.sufficiency import MEANS
from components.slice_report.estimates import TOO_FEW, shown, without_number
from components.slice_report.study_excerpt import HELD_OUT_PLACE, STUDY_FORMAT
from pipeline.study.arms import Arm, arms_of
from pipeline.study.finished import FinishedNodes
from pipeline.study.measurements import HELD_OUT, IN_DISTRIBUTION, Condition, Measurements
from pipeline.study.over_seeds import SHARE, Bounds, of_difference, over_seeds, two_sided_p
from pipeline.study.settings import ReadyEncoder, Study, Trainable
from pipeline.study.statistics import crossing_interval, first_crossing, holm
from schemas.case_features import TEST

GROUPS: dict[str, Slice] = {"in_distribution": IN_DISTRIBUTION, "held_out": HELD_OUT}

_METHODS = {"simclr": "SimCLR", "micle": "MICLe", "supervised": "supervised"}


def study_results(
    study: Study, measurements: Measurements, finished: FinishedNodes
) -> dict[str, Any]:
    """Returns what `schemas/study_report.schema.json` describes.

    Args:
        study: What was asked.
        measurements: Of the finished arms.
        finished: Steps with their seconds.
    """
    arms = arms_of(study)
    return {
        "schema_version": STUDY_FORMAT,
        "title": study.title,
        "task": study.base.data.labelled_task,
        "evaluation_split": study.evaluation_split,
        "metric": study.metric,
        "metrics": list(study.metrics),
        "baseline": study.baseline,
        "seeds": list(study.seeds),
        "label_fractions": sorted(study.label_fractions),
        "trainable": list(study.trainable),
        "arms": len(arms),
        "arms_finished": sum(map(finished.has_arm, arms)),
        "initialisations": [
            {
                "name": name,
                "steps": [_sentence(study, step) for step in chain],
                "own_fine_tuning": _own_fine_tuning(study, name),
            }
            for name, chain in study.initialisations.items()
        ],
        "results": _metric_rows(study, measurements),
        "contrasts": _contrast_rows(study, measurements),
        "label_efficiency": _efficiency_rows(study, measurements),
        "shift": _shift_rows(study, measurements),
        "classes": _class_rows(study, measurements),
        "cost": _cost_rows(study, finished),
    }


def _sentence(study: Study, step_name: str) -> str:
    step = study.steps[step_name]
    if isinstance(step, ReadyEncoder):
        return f"the ready encoder {step_name}"
    usual_name = f"{step.method}-{step.data}"
    remarks = [f"step {step_name}"] if step_name != usual_name else []
    if step_name in study.shared_steps:
        remarks.append("one for all seeds")
    in_brackets = f" ({', '.join(remarks)})" if remarks else ""
    return f"{_METHODS[step.method]} {step.data}{in_brackets}"


def _own_fine_tuning(study: Study, initialisation: str) -> list[str]:
    """Says where the fine-tuning of an initialisation differs from that of the others."""
    usual = asdict(study.base.fine_tuning.training)
    own = asdict(study.fine_tuning_of(initialisation))
    return [f"{field} {value}" for field, value in own.items() if value != usual[field]]


def _metric_rows(study: Study, measurements: Measurements) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for metric in study.metrics:
        for group, key in _groups(study).items():
            family = []
            for condition in measurements.conditions:
                baseline = measurements.metric(study.baseline, condition, key, metric)
                for start in study.initialisations:
                    own = measurements.metric(start, condition, key, metric)
                    if not measurements.seeds(start, condition):
                        continue
                    family.append(
                        {
                            "metric": metric,
                            "group": group,
                            **_of(start, condition),
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


def _contrast_rows(study: Study, measurements: Measurements) -> list[dict[str, Any]]:
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


def _groups(study: Study) -> dict[str, Slice]:
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


def _efficiency_rows(study: Study, measurements: Measurements) -> list[dict[str, Any]]:
    """Returns for each start the share of labels at which it is as good as the baseline with all.

    In distribution, by the study's metric, with its interval over patients.
    """
    found = []
    most = max(study.label_fractions)
    for trainable in study.trainable:
        curves = {
            start: _curve(study, measurements, start, trainable) for start in study.initialisations
        }
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
    study: Study, measurements: Measurements, start: str, trainable: Trainable
) -> dict[float, Estimate]:
    """Returns the metric in distribution by share of the labels, rising, where it has a number."""
    curve = {}
    for fraction in sorted(study.label_fractions):
        condition = Condition(trainable, fraction)
        by_seed = measurements.metric(start, condition, IN_DISTRIBUTION, study.metric)
        if by_seed:
            curve[fraction] = over_seeds(list(by_seed.values()), SHARE)
    return {fraction: found for fraction, found in curve.items() if math.isfinite(found.value)}


def _shift_rows(study: Study, measurements: Measurements) -> list[dict[str, Any]]:
    """Returns the loss of the study's metric at all held-out sites together, and at each.

    The value in distribution less that of the place is the loss: a mean is over the same classes.

    Where there is one, the two are the same, and stand there once. Nothing on validation.
    """
    if study.evaluation_split != TEST:
        return []
    held_out = set(study.base.data.medical.held_out_sites)
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
            for start in study.initialisations:
                if not measurements.seeds(start, condition):
                    continue
                own = measurements.shift(start, condition, key, study.metric)
                rows.append(
                    {
                        "place": place,
                        **_of(start, condition),
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


def _fewer_classes(study: Study, by_seed: Mapping[int, ShiftLoss]) -> list[str]:
    """Returns the classes that a mean is over where these are not all; they differ by no seed."""
    if study.metric not in MEANS or not by_seed:
        return []
    compared = next(iter(by_seed.values())).classes
    return [] if len(compared) == len(study.base.data.medical.classes) else list(compared)


def _class_rows(study: Study, measurements: Measurements) -> list[dict[str, Any]]:
    """Returns the AUC of each class in distribution, beside the baseline's."""
    rows = []
    for condition in measurements.conditions:
        for name in study.base.data.medical.classes:
            metric = f"auc:{name}"
            of_baseline = measurements.metric(study.baseline, condition, IN_DISTRIBUTION, metric)
            for start in study.initialisations:
                if not measurements.seeds(start, condition):
                    continue
                own = measurements.metric(start, condition, IN_DISTRIBUTION, metric)
                rows.append(
                    {
                        "class": name,
                        **_of(start, condition),
                        "estimate": _shown(own),
                        **_comparison(own, of_baseline, start == study.baseline),
                    }
                )
    _correct(rows)
    return rows


def _cost_rows(study: Study, finished: FinishedNodes) -> list[dict[str, Any]]:
    """Returns seconds of each arm, the mean over its finished seeds; encoders are shared.

    How long the training of a ready encoder took nobody knows: its rows say that it is not counted.
    """
    groups: dict[tuple[str, str, float], list[Arm]] = {}
    for arm in arms_of(study):
        if finished.has_arm(arm):
            key = arm.initialisation, arm.trainable, arm.label_fraction
            groups.setdefault(key, []).append(arm)
    return [
        {
            "initialisation": start,
            "trainable": trainable,
            "label_fraction": fraction,
            "seeds": len(arms),
            "ready_encoder": any(encoder.is_ready for encoder in arms[0].lineage),
            "pretraining_seconds": _mean([_pretraining_seconds(arm, finished) for arm in arms]),
            "fine_tuning_seconds": _mean(
                [finished.nodes[f"fine-tune-{arm.role}"].seconds for arm in arms]
            ),
        }
        for (start, trainable, fraction), arms in groups.items()
    ]


def _pretraining_seconds(arm: Arm, finished: FinishedNodes) -> float:
    trained = [encoder.node_id for encoder in arm.lineage if not encoder.is_ready]
    return sum((finished.nodes[node].seconds for node in trained), 0.0)


def _mean(numbers: list[float]) -> float:
    return round(sum(numbers) / len(numbers), 1)


def _shown(by_seed: Mapping[int, Estimate], bounds: Bounds = SHARE) -> dict[str, Any]:
    if not by_seed:
        return without_number(TOO_FEW)
    return shown(over_seeds(list(by_seed.values()), bounds), enough=True)


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None
