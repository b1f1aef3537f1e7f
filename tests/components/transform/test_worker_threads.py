"""Workers have one thread of TensorFlow where there are as many as cores, and only there."""

import os
import subprocess
import sys
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions, SetupOptions
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor

from components.transform.executor import Executor
from components.transform.worker_threads import one_thread_a_worker

PROCESSES = "--direct_running_mode=multi_processing"
PLUGIN = "--beam_plugin=components.transform.one_thread"
VARIABLES = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")


@pytest.fixture(autouse=True)
def _four_cores(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 4)


@pytest.mark.parametrize("workers", [0, 4, 8])
def test_as_many_processes_as_cores_have_one_thread_each(workers):
    arguments = [PROCESSES, f"--direct_num_workers={workers}"]
    assert one_thread_a_worker(arguments) == [*arguments, PLUGIN]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        [PROCESSES],
        [PROCESSES, "--direct_num_workers=3"],
        ["--direct_running_mode=multi_threading", "--direct_num_workers=4"],
        ["--runner=FlinkRunner", PROCESSES, "--direct_num_workers=4"],
    ],
)
def test_others_keep_their_threads(arguments):
    assert one_thread_a_worker(arguments) == arguments


def test_a_process_of_beam_does_so_and_this_one_does_not(tmp_path: Path, monkeypatch):
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    options = one_thread_a_worker([PROCESSES, "--direct_num_workers=4"])
    with beam.Pipeline(options=PipelineOptions(options)) as pipeline:
        _ = (
            pipeline
            | beam.Create(VARIABLES)
            | beam.Map(os.getenv)
            | beam.io.WriteToText(str(tmp_path / "threads"))
        )
    assert "".join(file.read_text() for file in tmp_path.iterdir()) == "1\n1\n"
    assert not os.environ.keys() & set(VARIABLES)


def test_transform_asks_for_it():
    arguments = [PROCESSES, "--direct_num_workers=4", "--sdk_container_image=none"]
    executor = Executor(BaseBeamExecutor.Context(beam_pipeline_args=arguments))
    options = executor._make_beam_pipeline().options.view_as(SetupOptions)
    assert options.beam_plugins == ["components.transform.one_thread"]


def test_threads_that_were_asked_for_stay():
    program = f"import os, components.transform.one_thread; print(*map(os.getenv, {VARIABLES}))"
    result = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {VARIABLES[0]: "3", VARIABLES[1]: "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.split() == ["3", "1"]
