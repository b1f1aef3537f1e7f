"""Components that can tell whether they ran side by side; a worker's process imports them."""

import time
from pathlib import Path

from tfx import v1 as tfx
from tfx.types.standard_artifacts import String

from trainer.errors import UserError
from trainer.progress import Progress, report


@tfx.dsl.components.component
def Meet(  # noqa: N802 (TFX names the component after the function)
    own: tfx.dsl.components.Parameter[str],
    other: tfx.dsl.components.Parameter[str],
    place: tfx.dsl.components.Parameter[str],
    said: tfx.dsl.components.OutputArtifact[String],
) -> None:
    """Ends well only while the other one is under way too."""
    Path(place, own).touch()
    report(Progress("meeting", 1, 2, "cases", 1.0))
    end = time.monotonic() + 120
    while not Path(place, other).exists():
        if time.monotonic() > end:
            raise TimeoutError(f"{other} never came")
        time.sleep(0.1)
    said.write(f"{own} met {other}")


@tfx.dsl.components.component
def Both(  # noqa: N802
    first: tfx.dsl.components.InputArtifact[String],
    second: tfx.dsl.components.InputArtifact[String],
    said: tfx.dsl.components.OutputArtifact[String],
) -> None:
    """Joins what two have said."""
    said.write(f"{first.read()}, {second.read()}")


@tfx.dsl.components.component
def Refuse(  # noqa: N802
    first: tfx.dsl.components.InputArtifact[String],
    said: tfx.dsl.components.OutputArtifact[String],
) -> None:
    """Meets a user's mistake."""
    raise UserError("manifest.csv: is no manifest.")
