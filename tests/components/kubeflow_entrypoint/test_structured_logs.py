"""Logs of a step: a line of JSON each."""

import io
import json
import logging
import warnings

import pytest

from components.kubeflow_entrypoint.structured_logs import log_as_json
from trainer import progress


@pytest.fixture
def lines():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    log_as_json("package.Executor", stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logging.captureWarnings(False)
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_record_is_one_line_whatever_it_says(lines):
    logging.getLogger("micle.x").warning('two\nlines and a "quote" of %s', "é")
    [line] = lines()
    assert (line["severity"], line["logger"]) == ("WARNING", "micle.x")
    assert line["message"] == 'two\nlines and a "quote" of é'
    assert line["step"] == "package.Executor"
    assert line["time"].endswith("+00:00")


def test_progress_is_figures(lines):
    progress.report(progress.Progress("pretraining", 5, 10, "pairs", 2.0, {"loss": 1.5}))
    [line] = lines()
    assert line["progress"] == {
        "stage": "pretraining",
        "done": 5,
        "total": 10,
        "unit": "pairs",
        "rate": 2.0,
        "metrics": {"loss": 1.5},
    }


def test_a_failure_carries_its_traceback(lines):
    try:
        raise RuntimeError("broken")
    except RuntimeError:
        logging.getLogger().exception("The step failed")
    [line] = lines()
    assert line["severity"] == "ERROR"
    assert "RuntimeError: broken" in line["traceback"]


def test_warnings_are_logged_too(lines):
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("mind this", UserWarning, stacklevel=1)
    [line] = lines()
    assert "mind this" in line["message"]
