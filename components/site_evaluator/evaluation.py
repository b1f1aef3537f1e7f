"""Evaluates predictions with TFMA."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import apache_beam as beam
import pyarrow as pa
import pyarrow.compute as pc
import tensorflow_model_analysis as tfma
from tfx_bsl.public import tfxio

from components.case_predictor.predictions import (
    LABEL,
    LABEL_WEIGHT,
    PATIENT_ID,
    RECORDS,
    SCORE,
    SPLIT,
    PredictionCard,
    read_card,
)
from components.model_question import check_same_question, question_of
from components.site_evaluator.metric import PatientResampledMetrics
from components.site_evaluator.paired_predictions import CANDIDATE_SCORE, JoinPredictions
from components.site_evaluator.reclassification_metric import PatientResampledReclassification
from components.site_evaluator.slices import slice_crossings
from components.site_evaluator.sufficiency import SampleLimits
from schemas.case_features import SHIFTED, TEST, VALIDATION
from trainer.errors import UserError

EVALUATED_SPLITS: dict[str, tuple[str, ...]] = {TEST: (TEST, SHIFTED), VALIDATION: (VALIDATION,)}
"""By what is evaluated. Validation is never mixed with the test: on it the best epoch and the
operating point were chosen, so it serves to tune and not to judge."""

_COLUMNS = (PATIENT_ID, LABEL, LABEL_WEIGHT, SCORE)


def evaluation_config(
    card: PredictionCard,
    slice_features: str,
    seed: int,
    limits: SampleLimits,
    candidate: PredictionCard | None = None,
) -> tfma.EvalConfig:
    """Returns the TFMA configuration of an evaluation.

    Args:
        card: Of the predictions.
        slice_features: See `slices.slice_crossings`.
        seed: Of the patient bootstrap, 0 or more.
        limits: With fewer cases a class is in no mean over classes.
        candidate: Of predictions of the same cases to hold beside them; None without.

    Raises:
        UserError: `slice_features` is malformed.
    """
    settings = {
        "task": card.task,
        "classes": list(card.classes),
        "operating_point": dict(card.operating_point),
        "seed": seed,
    }
    metrics = [
        tfma.MetricConfig(class_name="ExampleCount"),
        _metric_config(PatientResampledMetrics, settings | {"limits": dataclasses.asdict(limits)}),
    ]
    if candidate is not None:
        settings |= {"candidate_operating_point": dict(candidate.operating_point)}
        metrics.append(_metric_config(PatientResampledReclassification, settings))
    return tfma.EvalConfig(
        model_specs=[tfma.ModelSpec(label_key=LABEL, prediction_key=SCORE)],
        metrics_specs=[tfma.MetricsSpec(metrics=metrics)],
        slicing_specs=[
            tfma.SlicingSpec(feature_keys=crossing) for crossing in slice_crossings(slice_features)
        ],
        # Our metric makes its own intervals, over patients.
        options=tfma.Options(compute_confidence_intervals={"value": False}),
    )


def _metric_config(
    metric: type[tfma.metrics.Metric], settings: dict[str, Any]
) -> tfma.MetricConfig:
    return tfma.MetricConfig(
        class_name=metric.__name__, module=metric.__module__, config=json.dumps(settings)
    )


def evaluate_predictions(
    predictions_uri: str,
    evaluation_uri: str,
    pipeline: beam.Pipeline,
    limits: SampleLimits,
    slice_features: str = "[]",
    seed: int = 0,
    split: str = TEST,
    candidate_uri: str | None = None,
) -> None:
    """Adds the evaluation of predictions to a Beam pipeline.

    Args:
        predictions_uri: Directory of the predictions and their card.
        evaluation_uri: Directory for TFMA's output and a copy of the card.
        pipeline: Beam pipeline; the evaluation is there once it has run.
        limits: With fewer cases a class is in no mean over classes.
        slice_features: See `slices.slice_crossings`.
        seed: Of the patient bootstrap, 0 or more. Evaluations can be compared pairwise only if
            they share it.
        split: `test` (with the shifted sites) or `validation`.
        candidate_uri: Directory of another model's predictions of the same cases, to count what it
            changes; None counts nothing.

    Raises:
        UserError: There are no predictions, `slice_features` is malformed, or the two models
            answer different questions.
    """
    if not list(Path(predictions_uri).glob(RECORDS)):
        raise UserError(f"{predictions_uri}: no file {RECORDS}. Score the cases first.")
    card = read_card(predictions_uri)
    candidate = None if candidate_uri is None else _comparable_card(card, candidate_uri)
    config = evaluation_config(card, slice_features, seed, limits, candidate)
    Path(evaluation_uri).mkdir(parents=True, exist_ok=True)
    card.write(evaluation_uri)
    features = {name for crossing in slice_crossings(slice_features) for name in crossing}
    columns = [*_COLUMNS, *sorted(features)]
    if candidate_uri is None:
        records = tfxio.TFExampleRecord(
            str(Path(predictions_uri, RECORDS)), telemetry_descriptors=["SiteEvaluator"]
        )
        batches = pipeline | "ReadPredictions" >> records.BeamSource()
    else:
        columns.append(CANDIDATE_SCORE)
        joined = tfxio.TFExampleBeamRecord(
            physical_format="inmem", telemetry_descriptors=["SiteEvaluator"]
        )
        batches = (
            pipeline
            | "JoinPredictions" >> JoinPredictions(predictions_uri, candidate_uri)
            | "ToBatches" >> joined.BeamSource()
        )
    _ = (
        batches
        | "KeepEvaluatedSplits" >> beam.Map(_evaluated_cases, columns, EVALUATED_SPLITS[split])
        | "DropEmptyBatches" >> beam.Filter(lambda batch: batch.num_rows > 0)
        | "Evaluate"
        >> tfma.ExtractEvaluateAndWriteResults(eval_config=config, output_path=evaluation_uri)
    )


def _comparable_card(card: PredictionCard, candidate_uri: str) -> PredictionCard:
    candidate = read_card(candidate_uri)
    check_same_question(candidate_uri, question_of(candidate), question_of(card))
    return candidate


def _evaluated_cases(
    batch: pa.RecordBatch, columns: list[str], evaluated: tuple[str, ...]
) -> pa.RecordBatch:
    missing = [name for name in columns if name not in batch.schema.names]
    if missing:
        raise UserError(
            f"slice_features: the predictions have no feature {', '.join(missing)}. Name it in "
            "data.medical.case_features, then score the cases again."
        )
    splits = batch.column(batch.schema.get_field_index(SPLIT)).flatten()
    wanted = pa.array([split.encode() for split in evaluated], splits.type)
    kept = batch.filter(pc.is_in(splits, value_set=wanted))
    return pa.RecordBatch.from_arrays(
        [kept.column(kept.schema.get_field_index(name)) for name in columns], names=columns
    )
