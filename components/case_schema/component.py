"""The `CaseSchema` component: `schemas/case.pbtxt` of the installed package as an artifact."""

from tfx.dsl.components.base import executor_spec
from tfx.dsl.components.base.base_component import BaseComponent
from tfx.types import Channel, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from components.case_schema import executor


class CaseSchemaSpec(ComponentSpec):
    """What goes in and out of `CaseSchema`."""

    PARAMETERS = {"digest": ExecutionParameter(type=str)}
    INPUTS: dict[str, ChannelParameter] = {}
    OUTPUTS = {"schema": ChannelParameter(type=standard_artifacts.Schema)}


class CaseSchema(BaseComponent):
    """Writes the schema of a case; in place of TFX's ImportSchemaGen.

    That one takes a path, which on a cluster would be a path of the machine that compiled.
    """

    SPEC_CLASS = CaseSchemaSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)

    def __init__(self) -> None:
        """Describes one run of the component; another schema is another execution."""
        super().__init__(
            CaseSchemaSpec(
                digest=executor.schema_digest(),
                schema=Channel(type=standard_artifacts.Schema),
            )
        )
