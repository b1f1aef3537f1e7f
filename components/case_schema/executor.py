"""Executor of `CaseSchema`."""

import hashlib
from importlib import resources
from pathlib import Path
from typing import Any

from tfx import types
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.types import artifact_utils

from trainer.errors import UserError

FILE = "schema.pbtxt"
"""The name that TFX's components look for."""


class Executor(BaseExecutor):
    """Copies the schema out of the package."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes `schema.pbtxt`.

        Raises:
            UserError: The package here has another schema than the one that made the pipeline.
        """
        del input_dict
        if exec_properties["digest"] != schema_digest():
            raise UserError(
                "The schema of a case in this image differs from the one the pipeline was compiled "
                "with. Compile with the version of micle-tfx that is in the image."
            )
        directory = Path(artifact_utils.get_single_uri(output_dict["schema"]))
        directory.mkdir(parents=True, exist_ok=True)
        (directory / FILE).write_bytes(_schema())


def schema_digest() -> str:
    """Returns SHA-256 of the schema's bytes."""
    return hashlib.sha256(_schema()).hexdigest()


def _schema() -> bytes:
    return (resources.files("schemas") / "case.pbtxt").read_bytes()
