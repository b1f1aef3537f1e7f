"""The `SliceReport` component: evaluations, a verdict and an ingestion report in, a page out."""

import json
from collections.abc import Mapping
from typing import Any

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import BaseChannel, Channel, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from components.artifact_types import IngestionReport, PairStatistics
from components.artifact_types import SliceReport as SliceReportArtifact
from components.slice_report import executor
from components.slice_report.settings import ReportSettings, RunFields
from trainer.settings import to_json


class SliceReportSpec(ComponentSpec):
    """What goes in and out of `SliceReport`."""

    PARAMETERS = {
        "settings": ExecutionParameter(type=str),
        "run_fields": ExecutionParameter(type=str),
        "study": ExecutionParameter(type=str),
    }
    INPUTS = {
        "evaluation": ChannelParameter(type=standard_artifacts.ModelEvaluation),
        "baseline_evaluation": ChannelParameter(
            type=standard_artifacts.ModelEvaluation, optional=True
        ),
        "champion_evaluation": ChannelParameter(
            type=standard_artifacts.ModelEvaluation, optional=True
        ),
        "champion": ChannelParameter(type=standard_artifacts.Model, optional=True),
        "examples": ChannelParameter(type=standard_artifacts.Examples, optional=True),
        "predictions": ChannelParameter(type=standard_artifacts.InferenceResult, optional=True),
        "verdict": ChannelParameter(type=standard_artifacts.ModelEvaluation),
        "ingestion_report": ChannelParameter(type=IngestionReport),
        "statistics": ChannelParameter(type=standard_artifacts.ExampleStatistics, optional=True),
        "pair_statistics": ChannelParameter(type=PairStatistics, optional=True),
    }
    OUTPUTS = {"report": ChannelParameter(type=SliceReportArtifact)}


class SliceReport(base_component.BaseComponent):
    """Writes the report that a clinician or safety officer reads.

    Output `report` holds `report.html`, `report.pdf`, `report.json` and its tables.
    """

    SPEC_CLASS = SliceReportSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)

    def __init__(
        self,
        evaluation: BaseChannel,
        verdict: BaseChannel,
        ingestion_report: BaseChannel,
        settings: ReportSettings,
        run_fields: RunFields,
        baseline_evaluation: BaseChannel | None = None,
        champion_evaluation: BaseChannel | None = None,
        champion: BaseChannel | None = None,
        statistics: BaseChannel | None = None,
        pair_statistics: BaseChannel | None = None,
        examples: BaseChannel | None = None,
        predictions: BaseChannel | None = None,
        study: Mapping[str, Any] | None = None,
    ) -> None:
        """Describes one run of the component.

        Args:
            evaluation: Of the candidate.
            verdict: Of the gate on the candidate.
            ingestion_report: Of the cases that were evaluated and trained on.
            settings: Words and limits of the report.
            run_fields: Where the report comes from; a new value makes a new report.
            baseline_evaluation: Of a model to compare with, on the same cases.
            champion_evaluation: Of the model that is promoted now, on the same cases.
            champion: Of `ChampionSource`: where that model comes from.
            statistics: Of the data, by split and site.
            pair_statistics: What was paired for MICLe.
            examples: Raw cases; with `predictions`, for a gallery of errors.
            predictions: Of the candidate.
            study: What `read_study` returns of a study of several starts.
        """
        super().__init__(
            SliceReportSpec(
                settings=to_json(settings),
                run_fields=to_json(run_fields),
                study=json.dumps(study, ensure_ascii=False),
                evaluation=evaluation,
                baseline_evaluation=baseline_evaluation,
                champion_evaluation=champion_evaluation,
                champion=champion,
                statistics=statistics,
                pair_statistics=pair_statistics,
                examples=examples,
                predictions=predictions,
                verdict=verdict,
                ingestion_report=ingestion_report,
                report=Channel(type=SliceReportArtifact),
            )
        )
