"""Where a step finds an artifact: in the copy of Kubeflow's launcher, or at the store itself.

The launcher copies each input from the store to `/gcs/...`, `/s3/...` or `/minio/...` before a step
starts, and each output from there to the store when the step has ended
(kubeflow/pipelines, backend/src/v2/component/launcher_v2.go, `LocalPathForURI`).
"""

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from trainer.errors import UserError

Artifacts = Literal["mounted", "direct"]

LAUNCHER_FOLDERS = {"gs": "gcs", "s3": "s3", "minio": "minio"}

STREAMED_TYPE = "tfx.Examples"
STREAMED_PREFIX = "streamed-"
"""Streamed records lie beside the artifact's own folder, all of which the launcher would copy."""


@dataclass(frozen=True)
class ArtifactPlaces:
    """Translates the URIs of one step.

    Attributes:
        artifacts: `mounted`: every artifact is the launcher's copy; `direct`: case and pair records
            are read and written at the store, the rest is copied.
        launcher_root: Directory under which the launcher's folders lie; `/` in a container.
    """

    artifacts: Artifacts
    launcher_root: str = "/"

    def of(self, uri: str, type_title: str) -> str:
        """Returns the path or URI at which the step reads or writes an artifact.

        Raises:
            UserError: The launcher copies no such URI.
        """
        if self.artifacts == "direct" and type_title == STREAMED_TYPE:
            folder, _, name = uri.rstrip("/").rpartition("/")
            return f"{folder}/{STREAMED_PREFIX}{name}"
        scheme, separator, rest = uri.partition("://")
        if not separator or scheme not in LAUNCHER_FOLDERS:
            raise UserError(
                f"{uri}: Kubeflow's launcher copies gs://, s3:// and minio:// only. Set "
                "cluster.pipeline_root to such a URI and compile again."
            )
        return str(PurePosixPath(self.launcher_root, LAUNCHER_FOLDERS[scheme], rest))
