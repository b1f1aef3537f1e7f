"""Where Beam's workers get TFX's code from is said only where TFX need not pack it for them."""

import tempfile

import pytest
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
    assert arguments[:-1] == list(configured)
    assert make_beam_dependency_flags(arguments) == arguments
    assert list(tmp_path.iterdir()) == []


def test_arguments_of_a_cluster_are_left_as_they_are():
    assert beam_arguments(CLUSTER) == list(CLUSTER)
