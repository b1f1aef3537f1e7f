"""Scores cases with a SavedModel in a process that has seen nothing else.

A model that leans on something left in the memory of the process that trained it fails here.
"""

import base64
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt

_WARM_UP = 3


class FreshProcessError(Exception):
    """The model could not be loaded or scored; what the process said last."""


@dataclass(frozen=True)
class FreshScores:
    """What the process found.

    Attributes:
        alone: float64 [cases, classes], each case scored alone.
        together: float64 [cases, classes], all cases scored at once.
        milliseconds: Per case scored alone, after warm-up.
    """

    alone: npt.NDArray[np.float64]
    together: npt.NDArray[np.float64]
    milliseconds: tuple[float, ...]


def score_in_fresh_process(saved_model: str, cases: Sequence[bytes], seconds: float) -> FreshScores:
    """Loads a model in a new Python process and scores cases.

    Args:
        saved_model: Directory of the SavedModel.
        cases: Serialized raw case examples.
        seconds: After so long the process is ended.

    Raises:
        FreshProcessError: The process failed or took too long.
    """
    with TemporaryDirectory() as directory:
        question, answer = Path(directory, "cases.json"), Path(directory, "scores.json")
        question.write_text(json.dumps([base64.b64encode(case).decode() for case in cases]))
        command = [sys.executable, "-m", __name__, str(Path(saved_model).absolute())]
        try:
            completed = subprocess.run(
                [*command, str(question), str(answer)],
                # Where this package lies, so that the process finds it, too.
                cwd=Path(__file__).parents[2],
                capture_output=True,
                text=True,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise FreshProcessError(f"no scores within {seconds:.0f} s") from error
        if completed.returncode != 0:
            raise FreshProcessError(_last_line(completed.stderr, completed.returncode))
        values = json.loads(answer.read_text())
    return FreshScores(
        np.array(values["alone"]), np.array(values["together"]), tuple(values["milliseconds"])
    )


def _last_line(output: str, status: int) -> str:
    lines = [line for line in output.splitlines() if line.strip()]
    return lines[-1][:300] if lines else f"the process ended with status {status}"


def _main(saved_model: str, question: str, answer: str) -> None:
    from components.case_predictor.scoring import CaseScorer

    cases = [base64.b64decode(case) for case in json.loads(Path(question).read_text())]
    scorer = CaseScorer(saved_model)
    for _ in range(_WARM_UP):
        scorer.score(cases[:1])
    alone, milliseconds = [], []
    for case in cases:
        start = time.perf_counter()
        scores = scorer.score([case])
        milliseconds.append(1000 * (time.perf_counter() - start))
        alone.append(scores[0].tolist())
    values = {
        "alone": alone,
        "together": scorer.score(cases).tolist(),
        "milliseconds": milliseconds,
    }
    Path(answer).write_text(json.dumps(values))


if __name__ == "__main__":
    _main(*sys.argv[1:])
