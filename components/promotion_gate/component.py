"""The TFX component `PromotionGate`."""

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import component_spec, standard_artifacts

from components.artifact_types import IngestionReport
from components.promotion_gate.executor import Executor


class PromotionGateSpec(component_spec.ComponentSpec):
    """What goes in and out."""

    PARAMETERS = {
        "rules": component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {
        "evaluation": component_spec.ChannelParameter(type=standard_artifacts.ModelEvaluation),
        "baseline_evaluation": component_spec.ChannelParameter(
            type=standard_artifacts.ModelEvaluation, optional=True
        ),
        "ingestion_report": component_spec.ChannelParameter(type=IngestionReport),
        "anomalies": component_spec.ChannelParameter(
            type=standard_artifacts.ExampleAnomalies, optional=True
        ),
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
        rules: str,
        baseline_evaluation: types.BaseChannel | None = None,
        anomalies: types.BaseChannel | None = None,
    ) -> None:
        """Makes the component.

        Args:
            evaluation: Of the model that may be promoted (`ModelEvaluation`).
            ingestion_report: Of the data (`components.IngestionReport`).
            model: The model that may be promoted (`Model`).
            rules: JSON of `rules.GateRules`, see `rules.to_json`.
            baseline_evaluation: Of the model to beat, on the same predictions' cases.
            anomalies: Of `ExampleValidator` (`ExampleAnomalies`).
        """
        super().__init__(
            spec=PromotionGateSpec(
                evaluation=evaluation,
                baseline_evaluation=baseline_evaluation,
                ingestion_report=ingestion_report,
                anomalies=anomalies,
                model=model,
                rules=rules,
                blessing=types.Channel(type=standard_artifacts.ModelBlessing),
                verdict=types.Channel(type=standard_artifacts.ModelEvaluation),
            )
        )
