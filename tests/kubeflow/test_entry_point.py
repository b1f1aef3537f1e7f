"""The entry point as a process of its own, as Kubeflow's launcher starts it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "components.kubeflow_entrypoint", "--artifacts=mounted"]


def arguments(executor: str, message: dict) -> list[str]:
    spec = {"parameters": {"folder": {"parameterType": "STRING"}}}
    return [
        *COMMAND,
        *("--executor_class_path", executor),
        *("--json_serialized_invocation_args", json.dumps(message)),
        *("--json_serialized_inputs_spec_args", json.dumps(spec)),
    ]


def test_a_mistake_is_one_line_of_json_and_a_failed_step():
    wrong = {"uri": "hdfs://host/x", "type": {"instanceSchema": "title: tfx.Model\n"}}
    message = {"outputs": {"artifacts": {"model": {"artifacts": [wrong]}}, "outputFile": "/x"}}
    completed = subprocess.run(
        arguments("no.such.Executor", message), capture_output=True, text=True, check=False
    )
    assert completed.returncode == 1
    line = json.loads(completed.stderr.splitlines()[-1])
    assert line["severity"] == "ERROR"
    assert line["message"].startswith("hdfs://host/x: Kubeflow's launcher copies gs://")
    assert "traceback" not in line


@pytest.mark.slow
def test_sigterm_reaches_the_executor_which_saves_before_it_stops(tmp_path):
    message = {
        "inputs": {"parameterValues": {"folder": str(tmp_path)}},
        "outputs": {"outputFile": str(tmp_path / "output.json")},
    }
    path = os.pathsep.join([str(Path.cwd()), str(Path(__file__).parent)])
    process = subprocess.Popen(
        arguments("waiting_executor.Executor", message),
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": path},
    )
    for line in process.stderr:
        if '"message": "working"' in line:
            break
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGTERM
    assert Path(tmp_path, "saved").exists()
