"""What the check of a model found."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

CHECK = "model_check.json"


@dataclass(frozen=True)
class ModelCheck:
    """Findings; the gate holds them against its bounds.

    Attributes:
        cases: Test cases that were scored.
        size_mb: Of the SavedModel's files, 10^6 bytes.
        problem: Why the model could not be loaded or scored in a process of its own; blank if it
            could.
        score_difference: Largest difference to the scores that were evaluated, each case scored
            alone and all at once; None if there are no scores.
        latency_ms: Median time to score one case alone, after warm-up.
        serving_problem: Why TensorFlow Serving gave no scores; blank if it did or was not asked.
        serving_difference: Largest difference of its scores to those that were evaluated; None if
            there are none.
    """

    cases: int
    size_mb: float
    problem: str = ""
    score_difference: float | None = None
    latency_ms: float | None = None
    serving_problem: str = ""
    serving_difference: float | None = None

    def write(self, directory: str) -> None:
        """Writes `model_check.json` into a directory."""
        Path(directory).mkdir(parents=True, exist_ok=True)
        text = json.dumps(dataclasses.asdict(self), indent=2, allow_nan=False)
        Path(directory, CHECK).write_text(text + "\n")


def read_model_check(directory: str) -> ModelCheck:
    """Reads `model_check.json` from a directory."""
    return ModelCheck(**json.loads(Path(directory, CHECK).read_text()))
