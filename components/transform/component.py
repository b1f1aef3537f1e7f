"""The `CaseTransform` component: raw cases in, the transform graph and transformed cases out."""

from tfx import v1 as tfx
from tfx.dsl.components.base import executor_spec
from tfx.types import BaseChannel

from components.transform import executor
from components.transform.preprocessing import TransformSettings
from trainer.settings import to_json

_PREPROCESSING = "components.transform.preprocessing.preprocessing_fn"


class CaseTransform(tfx.components.Transform):
    """TFX's Transform with an executor for cases, whose records are mostly images.

    Outputs `transform_graph` and `transformed_examples` are those of TFX's Transform.
    """

    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(executor.Executor)

    def __init__(
        self, examples: BaseChannel, schema: BaseChannel, settings: TransformSettings
    ) -> None:
        """Describes one run of the component.

        Args:
            examples: Raw cases with a training split, which is analysed.
            schema: Of a raw case.
            settings: Size and fit of the images, task and classes.
        """
        super().__init__(
            examples=examples,
            schema=schema,
            preprocessing_fn=_PREPROCESSING,
            custom_config={"settings": to_json(settings)},
            disable_statistics=True,
            disable_analyzer_cache=True,
        )
