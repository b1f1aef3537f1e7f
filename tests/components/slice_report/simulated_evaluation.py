"""Evaluations of simulated scores: metrics by weighted pair counting, not by the evaluator.

The fit of the calibration alone is the evaluator's.
"""

import functools

import numpy as np

from components.case_example_gen.ingestion_report import (
    IngestionReport,
    QuarantinedImage,
    ReceivedCount,
    SplitCount,
    count_quarantined,
)
from components.case_predictor.predictions import PredictionCard
from components.promotion_gate.verdict import RuleResult, Verdict
from components.site_drift.distributions import Shares, SiteData, numbers_of
from components.site_drift.drift import measure_drift
from components.site_evaluator.recalibration import logits, recalibration
from components.site_evaluator.results import ClassMetrics, Estimate, Evaluation, SliceMetrics
from components.slice_report.report_data import ReportInputs
from components.slice_report.settings import ReportSettings, RunFields

REPLICATES = 200
FINDINGS = ("effusion", "cardiomegaly", "nodule")
CONDITIONS = ("naevus", "melanoma", "keratosis")
SITES = {"north": 160, "east": 110, "island <b>": 90, "tiny": 6}
HELD_OUT = ("island <b>",)
SETTINGS = ReportSettings(
    title="Chest findings & sites",
    intended_use="Sorts the reading list of a radiology department, adults, frontal view.",
    population=("Adults with a frontal view.",),
    not_intended_for=("Children under 18.", "Reading without a radiologist."),
    owner="Imaging safety board",
    limits=("Labels come from reports, not from a second reading.",),
    held_out_sites=HELD_OUT,
)
RUN = RunFields(
    "demo", "sha256:5fd0", "0.1.0", "sha256:91ac", "2026-01-31T11:00:00", "2026-01-31T12:00:00Z"
)
VERDICT = Verdict(
    (
        RuleResult(
            "minimum mean_auc",
            "all cases",
            0.83,
            0.8,
            0.86,
            0.75,
            True,
            "Required: mean AUC of at least 0.750. On all cases (366 cases): 0.830.",
        ),
        RuleResult(
            "better_than_baseline mean_auc",
            "site tiny",
            None,
            None,
            None,
            0.7,
            True,
            "On site tiny: too few.",
        ),
        RuleResult(
            "max_shift_gap mean_auc",
            "site island <b>",
            0.061,
            0.0,
            0.12,
            0.05,
            False,
            "Required: at most 0.050 below the sites seen in training. Measured: 0.061.",
        ),
    )
)
QUARANTINED = (
    QuarantinedImage(7, "north", "cannot be decoded", "jane-doe"),
    QuarantinedImage(9, "north", "cannot be decoded", "truncated"),
    QuarantinedImage(12, "tiny", "file is missing", "ann"),
)
INGESTION = IngestionReport(
    received_images=1003,
    received_cases=501,
    quarantined=count_quarantined(QUARANTINED),
    first_quarantined=QUARANTINED,
    lost_cases=1,
    counts=(
        SplitCount("north", "train", 200, 180, 400, 150, 90),
        SplitCount("north", "test", 160, 150, 320, 160, 80),
        SplitCount("island <b>", "shifted", 140, 120, 280, 140, 60),
    ),
    received_patients=451,
    kept_patients=450,
    received=(
        ReceivedCount("island <b>", 280, 140, 120),
        ReceivedCount("north", 722, 360, 330),
        ReceivedCount("tiny", 1, 1, 1),
    ),
)

PAIRS = {
    "pair_scope": "case",
    "rounds": 4,
    "pairs_per_group": 1.88,
    "sites": {
        "east": {
            "groups": 60,
            "images": 60,
            "pairs_per_group": 0.0,
            "several_image_groups": 0,
            "single_image": 240,
        },
        "north": {
            "different_image": 300,
            "groups": 100,
            "images": 210,
            "pairs_per_group": 3.0,
            "several_image_groups": 75,
            "single_image": 100,
        },
    },
}


def simulated_inputs(task="multi_label", with_baseline=True, sites=SITES):
    """Returns inputs of a report whose candidate is better, most so at the held-out site."""
    baseline = simulated_evaluation(task, "random initialisation", 0.9, 0.8, sites)
    return ReportInputs(
        candidate=simulated_evaluation(task, "MICLe", 1.5, 0.5, sites),
        baseline=baseline if with_baseline else None,
        verdict=VERDICT,
        ingestion=INGESTION,
        settings=SETTINGS,
        run=RUN,
        evaluated_sites={
            site: SiteData(
                count,
                {
                    "sex": Shares({"female": count // 3, "male": count - count // 3}),
                    "view": Shares({"PA": count, "lateral": count // 2}),
                    "case_feature:scanner": Shares({"A <i>": count - 1}),
                    "image_mean": numbers_of([0.25, 0.5]),
                },
            )
            for site, count in sites.items()
        },
        drift=measure_drift(
            {"north": simulated_site(100, 20, 0.4), "east": simulated_site(60, 30, 0.4)},
            {"island <b>": simulated_site(90, 65, 0.45), "tiny": simulated_site(6, 100, 0.9)},
        ),
        pairs=PAIRS,
    )


def simulated_site(cases, lateral, brightness):
    """Returns a site of which so many of 100 views are lateral; half of the effusions are there."""
    return SiteData(
        cases,
        {
            "view": Shares({"PA": 100 - lateral, "lateral": lateral}),
            "sex": Shares({"female": 50, "male": 50}),
            "known_finding:effusion": Shares({"1": lateral / 2, "0": 100 - lateral / 2}),
            "image_mean": numbers_of([brightness + n / 1000 for n in range(101)]),
        },
    )


def simulated_evaluation(task, model_name, signal, loss_at_held_out, sites=SITES, crossed=False):
    """Returns an evaluation; `signal` is how far positives' scores lie above negatives'.

    With `crossed` there are slices of site and sex together, too.
    """
    return _simulate(task, model_name, signal, loss_at_held_out, tuple(sites.items()), crossed)


@functools.cache
def _simulate(task, model_name, signal, loss_at_held_out, site_sizes, crossed):
    names = FINDINGS if task == "multi_label" else CONDITIONS
    random = np.random.default_rng(7)
    sites, sizes = zip(*site_sizes, strict=True)
    site = np.repeat(sites, sizes)
    cases = len(site)
    held_out = np.isin(site, HELD_OUT)
    label = _labels(task, cases, random)
    strength = np.where(held_out, signal - loss_at_held_out, signal)[:, None]
    score = _scores(task, strength * label + random.normal(size=label.shape))
    features = {
        "site": site,
        "distribution": np.where(held_out, "shifted", "in_distribution"),
        "sex": random.choice(["female", "male"], cases),
        "image_count": random.choice(["single_image", "several_images"], cases),
    }
    weight = _weights(cases, random)
    slices = {(): np.ones(cases, bool)}
    for feature, values in features.items():
        slices |= {((feature, str(value)),): values == value for value in np.unique(values)}
    if crossed:
        slices |= {
            (("sex", str(sex)), ("site", str(name))): (features["sex"] == sex) & (site == name)
            for name in np.unique(site)
            for sex in np.unique(features["sex"][site == name])
        }
    return Evaluation(
        card=_card(task, model_name, names),
        slices={
            key: _slice_metrics(task, names, label[rows], score[rows], weight[:, rows])
            for key, rows in slices.items()
        },
    )


def _card(task, model_name, names):
    return PredictionCard(
        model_name=model_name,
        model_digest="0123456789abcdef" * 4,
        task=task,
        classes=names,
        operating_point=dict.fromkeys(names, 0.5 if task == "multi_label" else 0.35),
        operating_point_rule="sensitivity of at least 0.8",
        label_fraction=0.5,
        label_cases=240,
        seed=7,
        pretraining=("SimCLR, 1,000 steps", "MICLe, 800 steps") if model_name == "MICLe" else (),
        operating_point_frozen_on="2026-03-01" if model_name == "MICLe" else None,
    )


def _labels(task, cases, random):
    if task == "multi_label":
        return (random.random((cases, 3)) < (0.4, 0.25, 0.08)).astype(float)
    return np.eye(3)[random.choice(3, cases, p=(0.5, 0.3, 0.2))]


def _scores(task, logits):
    if task == "multi_label":
        return 1 / (1 + np.exp(0.7 - logits))
    return np.exp(1.5 * logits) / np.exp(1.5 * logits).sum(axis=1, keepdims=True)


def _weights(cases, random):
    """Two cases a patient, drawn together; row 0 is the data as they are."""
    patients = random.poisson(1.0, (REPLICATES, -(-cases // 2)))
    return np.vstack([np.ones(cases), np.repeat(patients, 2, axis=1)[:, :cases]])


def _slice_metrics(task, names, label, score, weight):
    classes = {
        name: _class_metrics(label[:, index], score[:, index], weight, task)
        for index, name in enumerate(names)
    }
    of_both = [c.positives >= 10 and c.negatives >= 10 for c in classes.values()]
    of_positives = [c.positives >= 10 for c in classes.values()]
    if len(label) < 20:
        of_both = of_positives = [False] * len(classes)
    aucs = [np.r_[c.auc.value, c.auc.replicates] for c in classes.values()]
    metrics = {"mean_auc": _estimate(_mean_of(aucs, of_both))}
    confusion = None
    if task == "multi_class":
        confusion = label.T @ np.eye(3)[score.argmax(axis=1)]
        right = label[np.arange(len(label)), score.argmax(axis=1)]
        recalls = [_share(weight * label[:, index], right) for index in range(3)]
        metrics["accuracy"] = _estimate(_share(weight, right))
        metrics["balanced_accuracy"] = _estimate(_mean_of(recalls, of_positives))
    return SliceMetrics(len(label), len(label) - 1, metrics, classes, confusion)


def _class_metrics(label, score, weight, task):
    called = score >= (0.5 if task == "multi_label" else 0.35)
    positive = label == 1
    thresholds = np.r_[np.inf, np.sort(score)[::-1]]
    bins = np.minimum((score * 10).astype(int), 9)
    count = np.bincount(bins, minlength=10).astype(float)
    by_case = np.stack([weight * ~positive, weight * positive]).astype(int).transpose(0, 2, 1)
    intercept, slope = recalibration(logits(score), by_case)
    with np.errstate(invalid="ignore", divide="ignore"):
        return ClassMetrics(
            positives=int(positive.sum()),
            negatives=int((~positive).sum()),
            positive_patients=int(positive.sum()),
            negative_patients=int((~positive).sum()),
            marked_patients=int(called.sum()),
            unmarked_patients=int((~called).sum()),
            auc=_estimate(_auc(score, positive, weight)),
            sensitivity=_estimate(_share(weight * positive, called)),
            specificity=_estimate(_share(weight * ~positive, ~called)),
            ppv=_estimate(_share(weight * called, positive)),
            npv=_estimate(_share(weight * ~called, ~positive)),
            average_precision=_estimate(_average_precision(score, positive, weight)),
            ece=_estimate(_calibration_error(bins, score, label, weight)),
            brier=_estimate(_share(weight, np.square(score - label))),
            calibration_in_the_large=_estimate(_share(weight, label - score)),
            calibration_slope=_estimate(slope),
            calibration_intercept=_estimate(intercept),
            false_positive_rate=np.array([(score[~positive] >= t).mean() for t in thresholds]),
            true_positive_rate=np.array([(score[positive] >= t).mean() for t in thresholds])
            if positive.any()
            else np.full(len(thresholds), np.nan),
            roc_threshold=thresholds,
            calibration_score=np.bincount(bins, score, 10) / count,
            calibration_rate=np.bincount(bins, label, 10) / count,
            calibration_count=count,
        )


def _auc(score, positive, weight):
    above, below = score[positive][:, None], score[~positive][None]
    wins = (above > below) + 0.5 * (above == below)
    up, down = weight[:, positive], weight[:, ~positive]
    with np.errstate(invalid="ignore"):
        return np.einsum("rp,rp->r", up, down @ wins.T) / (up.sum(1) * down.sum(1))


def _average_precision(score, positive, weight):
    """Mean over the positives of the precision at each one's score."""
    at_least = score[None] >= score[positive][:, None]
    with np.errstate(invalid="ignore"):
        precision = (weight * positive) @ at_least.T / (weight @ at_least.T)
        return np.nansum(weight[:, positive] * precision, 1) / weight[:, positive].sum(1)


def _calibration_error(bins, score, label, weight):
    gaps = [abs((weight * (bins == b)) @ (score - label)) for b in range(10)]
    return np.sum(gaps, axis=0) / weight.sum(axis=1)


def _mean_of(rows, enough):
    """Over the classes with enough cases: 20 known labels, 10 of each kind that it needs."""
    chosen = [row for row, is_enough in zip(rows, enough, strict=True) if is_enough]
    return np.mean(chosen, axis=0) if chosen else np.full(len(rows[0]), np.nan)


def _share(weight, hit):
    with np.errstate(invalid="ignore"):
        return weight @ hit / weight.sum(axis=1)


def _estimate(values):
    defined = values[1:][~np.isnan(values[1:])]
    lower, upper = np.quantile(defined, (0.025, 0.975)) if len(defined) else (np.nan, np.nan)
    return Estimate(float(values[0]), float(lower), float(upper), values[1:])
