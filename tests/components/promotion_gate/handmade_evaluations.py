"""Evaluations with chosen numbers, in memory and as TFMA writes them."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from components.case_example_gen.ingestion_report import (
    IngestionReport,
    QuarantinedImage,
    SplitCount,
    count_quarantined,
)
from components.case_predictor.predictions import PredictionCard
from components.site_evaluator.intervals import estimate
from components.site_evaluator.results import ClassMetrics, Evaluation, SliceMetrics

NORTH, SOUTH, EAST, WEST = ((("site", name),) for name in ("north", "south", "east", "west"))
IN_DISTRIBUTION = (("distribution", "in_distribution"),)
SHIFTED = (("distribution", "shifted"),)

SPREAD = np.linspace(-0.05, 0.05, 200)
"""Replicates around a value: its 95% interval is the value -0.0475 and +0.0475."""


def make_estimate(value, spread=SPREAD):
    return estimate(value, value + spread)


def make_class(auc=0.85, sensitivity=0.8, positives=40, negatives=60, spread=SPREAD):
    of_class = make_estimate(sensitivity, spread)
    return ClassMetrics(
        positives=positives,
        negatives=negatives,
        positive_patients=positives,
        negative_patients=negatives,
        marked_patients=positives,
        unmarked_patients=negatives,
        auc=make_estimate(auc, spread),
        sensitivity=of_class,
        specificity=of_class,
        ppv=of_class,
        npv=of_class,
        average_precision=make_estimate(auc, spread),
        ece=make_estimate(0.05, spread),
        brier=make_estimate(0.1, spread),
        calibration_in_the_large=make_estimate(0.0, spread),
        calibration_slope=make_estimate(1.0, spread),
        calibration_intercept=make_estimate(0.0, spread),
        **{
            name: np.zeros(0)
            for name in ("false_positive_rate", "true_positive_rate", "roc_threshold")
        },
        **{f"calibration_{name}": np.zeros(0) for name in ("score", "rate", "count")},
    )


def make_slice(mean_auc=0.85, cases=100, ece=0.05, spread=SPREAD, cyst=None, **edema):
    """A slice with the finding edema, and cyst if given; its mean AUC is the mean of theirs."""
    classes = {"edema": make_class(mean_auc, spread=spread, **edema)}
    if cyst is not None:
        classes["cyst"] = cyst
    present = [c.auc.value for c in classes.values() if c.positives and c.negatives]
    auc = np.mean(present) if present else np.nan
    metrics = {"mean_auc": make_estimate(auc, spread), "ece": make_estimate(ece, spread)}
    return SliceMetrics(cases, cases, metrics, classes, None)


def make_evaluation(**slices):
    """An evaluation of three sites, `east` held out; keywords replace slices by name."""
    named = {
        "overall": (),
        "in_distribution": IN_DISTRIBUTION,
        "shifted": SHIFTED,
        "north": NORTH,
        "south": SOUTH,
        "east": EAST,
        "west": WEST,
    }
    chosen = {name: make_slice() for name in named if name != "west"} | slices
    card = PredictionCard(
        model_name="MICLe",
        model_digest="0" * 64,
        task="multi_label",
        classes=("edema",),
        operating_point={"edema": 0.5},
        operating_point_rule="Youden index on validation",
        label_fraction=1.0,
        label_cases=100,
        seed=0,
        pretraining=(),
    )
    return Evaluation(card, {named[name]: chosen[name] for name in chosen})


def rename(evaluation, model_name):
    """The same evaluation as if of another model."""
    card = replace(evaluation.card, model_name=model_name, model_digest="1" * 64)
    return replace(evaluation, card=card)


def make_ingestion(held_out=("east",), quarantined=2, received=200):
    counts = [SplitCount(site, "test", 100, 90, 150, 100, 40) for site in ("north", "south")]
    counts += [SplitCount(site, "shifted", 100, 90, 150, 100, 40) for site in held_out]
    bad = QuarantinedImage(3, "north", "cannot be decoded", "truncated")
    return IngestionReport(
        received, 100, count_quarantined([bad] * quarantined), (), 0, tuple(counts)
    )


def write_evaluation(directory, evaluation):
    """Writes the files that TFMA and `SiteEvaluator` write."""
    import tensorflow as tf
    from tensorflow_model_analysis.writers import metrics_plots_and_validations_writer as writer

    from components.site_evaluator.metric_values import to_metric_values

    Path(directory).mkdir(parents=True)
    evaluation.card.write(str(directory))
    path = Path(directory, "metrics-00000-of-00001.tfrecord")
    with tf.io.TFRecordWriter(str(path)) as records:
        for key, metrics in evaluation.slices.items():
            values = (key, to_metric_values(metrics))
            proto = writer.convert_slice_metrics_to_proto(values, add_metrics_callbacks=None)
            records.write(proto.SerializeToString())
    return str(directory)
