"""What DirectRunner's workers need to start quickly; a cluster's are left alone."""

import gc
import tempfile
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from tfx.utils.dependency_utils import make_beam_dependency_flags

from pipeline.beam_arguments import beam_arguments

CLUSTER = ("--runner=FlinkRunner", "--environment_type=EXTERNAL")


@pytest.mark.parametrize(
    "configured",
    [
        (),
        ("--runner=DirectRunner", "--direct_running_mode=in_memory"),
        ("--direct_running_mode=multi_processing", "--direct_num_workers=2"),
        ("--runner=apache_beam.runners.direct.DirectRunner",),
    ],
)
def test_tfx_packs_nothing_for_workers_of_this_environment(configured, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    arguments = beam_arguments(configured)
    assert arguments[: len(configured)] == list(configured)
    assert make_beam_dependency_flags(arguments) == arguments
    assert list(tmp_path.iterdir()) == []


def test_arguments_of_a_cluster_are_left_as_they_are():
    assert beam_arguments(CLUSTER) == list(CLUSTER)


def test_a_worker_collects_garbage_as_rarely_as_this_process(tmp_path: Path):
    processes = ["--direct_running_mode=multi_processing", "--direct_num_workers=1"]
    with beam.Pipeline(options=PipelineOptions(beam_arguments(processes))) as pipeline:
        _ = (
            pipeline
            | beam.Create(["__import__('gc').get_threshold()"])
            # A worker knows no function of a test.
            | beam.Map(eval)
            | beam.io.WriteToText(str(tmp_path / "threshold"))
        )
    [file] = tmp_path.iterdir()
    assert file.read_text() == f"{gc.get_threshold()}\n"
    assert gc.get_threshold()[0] > 10_000
