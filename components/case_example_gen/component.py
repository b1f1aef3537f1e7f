"""The `CaseExampleGen` component: a manifest in, case examples by split out."""

import dataclasses

from tfx.dsl.components.base import executor_spec
from tfx.dsl.components.base.base_beam_component import BaseBeamComponent
from tfx.types import Channel, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from components.artifact_types import IngestionReport
from components.case_example_gen import executor
from components.case_example_gen.settings import DataSettings
from trainer.settings import to_json


class CaseExampleGenSpec(ComponentSpec):
    """What goes in and out of `CaseExampleGen`."""

    PARAMETERS = {
        "data": ExecutionParameter(type=str),
        "manifest": ExecutionParameter(type=str),
        "data_fingerprint": ExecutionParameter(type=str),
        "pseudonym_key_file": ExecutionParameter(type=str),
    }
    INPUTS: dict[str, ChannelParameter] = {}
    OUTPUTS = {
        "examples": ChannelParameter(type=standard_artifacts.Examples),
        "ingestion_report": ChannelParameter(type=IngestionReport),
    }


class CaseExampleGen(BaseBeamComponent):
    """Reads a manifest of images into case examples, split by patient.

    Outputs `examples` (a folder per split) and `ingestion_report`.
    """

    SPEC_CLASS = CaseExampleGenSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(executor.Executor)

    def __init__(
        self, data: DataSettings, manifest: str, data_fingerprint: str, pseudonym_key_file: str
    ) -> None:
        """Describes one run of the component.

        Args:
            data: The data set; its own `manifest` is not used.
            manifest: Path or URI of the manifest; apart, so that it can be set when a compiled
                pipeline is submitted.
            data_fingerprint: Changes when a file behind the manifest does, so that a cached
                result is not taken for a current one.
            pseudonym_key_file: Path of the secret; its content appears nowhere.
        """
        super().__init__(
            CaseExampleGenSpec(
                data=to_json(dataclasses.replace(data, manifest="")),
                manifest=manifest,
                data_fingerprint=data_fingerprint,
                pseudonym_key_file=pseudonym_key_file,
                examples=Channel(type=standard_artifacts.Examples),
                ingestion_report=Channel(type=IngestionReport),
            )
        )
