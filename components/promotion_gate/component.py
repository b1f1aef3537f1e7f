"""The TFX component `PromotionGate`."""

import dataclasses
import json

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import component_spec, standard_artifacts

from components.artifact_types import IngestionReport, Leakage, ModelCheck
from components.promotion_gate.executor import Executor
from components.promotion_gate.rules import GateRules, to_json
from components.site_evaluator.sufficiency import SampleLimits


class PromotionGateSpec(component_spec.ComponentSpec):
    """What goes in and out."""

    PARAMETERS = {
        "rules": component_spec.ExecutionParameter(type=str),
        "limits": component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {
        "evaluation": component_spec.ChannelParameter(type=standard_artifacts.ModelEvaluation),
        "baseline_evaluation": component_spec.ChannelParameter(
            type=standard_artifacts.ModelEvaluation, optional=True
        ),
        "champion_evaluation": component_spec.ChannelParameter(
            type=standard_artifacts.ModelEvaluation, optional=True
        ),
        "ingestion_report": component_spec.ChannelParameter(type=IngestionReport),
        "anomalies": component_spec.ChannelParameter(
            type=standard_artifacts.ExampleAnomalies, optional=True
        ),
        "statistics": component_spec.ChannelParameter(
            type=standard_artifacts.ExampleStatistics, optional=True
        ),
        "leakage": component_spec.ChannelParameter(type=Leakage, optional=True),
        "check": component_spec.ChannelParameter(type=ModelCheck, optional=True),
        "model": component_spec.ChannelParameter(type=standard_artifacts.Model),
    }
    OUTPUTS = {
        "blessing": component_spec.ChannelParameter(type=standard_artifacts.ModelBlessing),
        "verdict": component_spec.ChannelParameter(type=standard_artifacts.ModelEvaluation),
    }


class PromotionGate(base_component.BaseComponent):
    """Decides whether a model may be promoted.

    Outputs:
        blessing: As TFX's Evaluator writes it, so that the standard Pusher obeys it: a file
            `BLESSED` or `NOT_BLESSED`, and the property `blessed`, 1 or 0.
        verdict: `verdict.json` (see `verdict.read_verdict`): every rule, what was measured, and
            why it passed or failed. A `ModelEvaluation`, the closest of the standard types.
    """

    SPEC_CLASS = PromotionGateSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        evaluation: types.BaseChannel,
        ingestion_report: types.BaseChannel,
        model: types.BaseChannel,
        rules: GateRules,
        limits: SampleLimits,
        baseline_evaluation: types.BaseChannel | None = None,
        champion_evaluation: types.BaseChannel | None = None,
        anomalies: types.BaseChannel | None = None,
        statistics: types.BaseChannel | None = None,
        leakage: types.BaseChannel | None = None,
        check: types.BaseChannel | None = None,
    ) -> None:
        """Makes the component.

        Args:
            evaluation: Of the model that may be promoted (`ModelEvaluation`).
            ingestion_report: Of the data (`components.IngestionReport`).
            model: The model that may be promoted (`Model`).
            rules: What the model must meet.
            limits: The fewest cases from which a metric is estimated; those of the report.
            baseline_evaluation: Of the model trained beside it, on the same cases.
            champion_evaluation: Of the model that is promoted now, on the same cases.
            anomalies: Of `ExampleValidator` (`ExampleAnomalies`).
            statistics: Of the data, by split and site (`ExampleStatistics`).
            leakage: Of `LeakageCheck` (`components.Leakage`).
            check: Of `ModelChecker` (`components.ModelCheck`).
        """
        super().__init__(
            spec=PromotionGateSpec(
                evaluation=evaluation,
                baseline_evaluation=baseline_evaluation,
                champion_evaluation=champion_evaluation,
                ingestion_report=ingestion_report,
                anomalies=anomalies,
                statistics=statistics,
                leakage=leakage,
                check=check,
                model=model,
                rules=to_json(rules),
                limits=json.dumps(dataclasses.asdict(limits), sort_keys=True),
                blessing=types.Channel(type=standard_artifacts.ModelBlessing),
                verdict=types.Channel(type=standard_artifacts.ModelEvaluation),
            )
        )
