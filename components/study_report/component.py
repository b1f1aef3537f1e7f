"""The `StudyReport` component: the evaluations of all arms of a study in, its report out."""

from collections.abc import Iterable, Mapping

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import BaseChannel, Channel, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from components.artifact_types import StudyReport as StudyReportArtifact
from components.study_report import executor
from components.study_report.question import StudyQuestion
from trainer.settings import to_json


class StudyReportSpec(ComponentSpec):
    """What goes in and out of every `StudyReport`, but for the arms of its study."""

    PARAMETERS = {"question": ExecutionParameter(type=str)}
    INPUTS: dict[str, ChannelParameter] = {}
    OUTPUTS = {"report": ChannelParameter(type=StudyReportArtifact)}


class StudyReport(base_component.BaseComponent):
    """Writes the report of a study of several starts.

    Output `report` holds `study.html`, `study.json`, a CSV for each table, and the figures.
    """

    SPEC_CLASS = StudyReportSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)

    def __init__(self, evaluations: Mapping[str, BaseChannel], question: StudyQuestion) -> None:
        """Describes one run of the component.

        Args:
            evaluations: Of every arm of the study (`ModelEvaluation`), by its role.
            question: What the study asks.
        """
        super().__init__(
            _spec_with(evaluations)(
                question=to_json(question), report=Channel(type=StudyReportArtifact), **evaluations
            )
        )


def _spec_with(names: Iterable[str]) -> type[StudyReportSpec]:
    """Returns a specification with an input for each arm: Kubeflow takes one channel in each."""

    class SpecWithArms(StudyReportSpec):
        INPUTS = {name: ChannelParameter(type=standard_artifacts.ModelEvaluation) for name in names}

    return SpecWithArms
